"""The full-screen view: what is shown is made as plain values, drawn by rich."""
