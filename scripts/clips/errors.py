"""What can stop a clip from being looked at.

ClipFailed
├── UsageError      flags or files that do not go together
├── Unreachable     no answer: away, or the connection broke
├── Refused         the gateway, or the job, says no and why
├── Cancelled       somebody else has cancelled the job
└── CannotWrite     the folder or the disk refuses
"""


class ClipFailed(Exception):
    """Its message is a sentence for whoever is at the terminal."""

    exit_code = 1


class UsageError(ClipFailed):
    exit_code = 2


class Unreachable(ClipFailed):
    pass


class Refused(ClipFailed):
    """
    Args:
        retry_after_s: how long the gateway asks to wait; None: it does not.
    """

    def __init__(
        self, status: int, code: str | None, detail: str, retry_after_s: float | None = None
    ) -> None:
        wait = "" if retry_after_s is None else f" Try again in {max(1, round(retry_after_s))} s."
        super().__init__(f"{detail}{wait}")
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s


class Cancelled(ClipFailed):
    pass


class CannotWrite(ClipFailed):
    pass
