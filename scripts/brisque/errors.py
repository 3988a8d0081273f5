"""The importer's one error: a sentence for the person who started it."""


class ImportFailed(Exception):
    """Nothing was written. The text says why."""
