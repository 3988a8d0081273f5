"""How long a caller will wait: its own X-Request-Timeout-Ms, or no limit but the gateway's."""

import math
import time

from flask import Request

from backend.errors import MalformedRequest

HEADER = "X-Request-Timeout-Ms"
LONGEST_MS = 600_000


def deadline_s(request: Request) -> float:
    """When the caller stops waiting, on the clock of time.monotonic(); infinity
    where it does not say.

    Raises:
        MalformedRequest: the header is not a whole number from 1 to LONGEST_MS.
    """
    text = request.headers.get(HEADER)
    if text is None:
        return math.inf
    if not (
        text.isascii() and text.isdecimal() and len(text) <= 6 and 1 <= int(text) <= LONGEST_MS
    ):
        raise MalformedRequest(
            f"{HEADER} must be a whole number of milliseconds from 1 to {LONGEST_MS}."
        )
    return time.monotonic() + int(text) / 1000
