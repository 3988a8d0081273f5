"""What a run says: numbers, verdicts. Pure; nothing here knows Locust or files."""
