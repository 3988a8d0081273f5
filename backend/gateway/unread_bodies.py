"""What callers still send of a body when its request has been answered."""

from contextlib import suppress
from typing import Any

import gevent
from gevent import Timeout
from gunicorn.http.errors import ParseException

LONGEST_S = 5.0
_AT_ONCE_BYTES = 256 * 2**10


def drop(request: Any, *, longest_s: float = LONGEST_S) -> None:
    """Read the rest of an answered request's body, or have its connection closed.

    The next request begins where the body ends, and who is still sending would not see the answer
    on a connection that is closed meanwhile. gunicorn would read a kilobyte at a time, copy for
    each what it has read ahead, and let nothing else run: for large clips, that takes seconds.

    Args:
        request: gunicorn's.
    """
    if request.body.failed:  # gunicorn closes the connection
        return
    dropped = False
    with Timeout(longest_s, False), suppress(OSError, ParseException):
        while request.body.read(_AT_ONCE_BYTES):
            gevent.sleep(0)
        dropped = True
    if not dropped:
        request.force_close()
