"""What one process of the load tester can send, and what it weighs."""
