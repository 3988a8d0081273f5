"""What ends the monitor with a sentence. Each package's own errors are beside what raises them."""


class UsageError(Exception):
    """What was asked cannot be done. The text is for whoever asked."""
