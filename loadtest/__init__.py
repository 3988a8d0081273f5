"""The load tester: Locust users as cameras, stage by stage, with a verdict for each stage."""
