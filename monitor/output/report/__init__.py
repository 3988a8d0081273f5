"""A recording as one HTML page; its charts and its look serve the load tester too."""
