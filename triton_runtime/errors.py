"""The launcher's one error: a sentence for the person who started it."""


class LaunchError(Exception):
    """Triton cannot be started, or did not stay up. The text says what to do about it."""
