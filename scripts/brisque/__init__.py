"""What `scripts.import_brisque` reads out of a wheel and writes beside it."""
