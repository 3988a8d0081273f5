"""What changed between two runs, and how sure that is. Knows documents, not Locust."""
