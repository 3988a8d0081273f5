"""The numbers behind a diagnosis, and the rules that read them. Pure."""
