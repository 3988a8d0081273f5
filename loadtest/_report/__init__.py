"""A finished run for people and programs: terminal, HTML, JSON, CSV."""
