"""What a user might serve the same model with instead, on an environment of its own."""
