"""Bodies that do not come, or break off."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Request
from werkzeug.exceptions import ClientDisconnected

from backend.errors import MalformedRequest, SlowBody


@contextmanager
def arriving(request: Request, *, timeout_s: float) -> Iterator[None]:
    """Within the block the request's body may be read, and more of it must come in time.

    gunicorn's threads wait for a body without a limit.

    Raises:
        SlowBody: nothing more came for `timeout_s`.
        MalformedRequest: the connection closed before the body was whole.
    """
    connection = request.environ.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(timeout_s)
    try:
        yield
    except ClientDisconnected as error:
        # What werkzeug makes of anything that reading raises.
        if isinstance(error.__context__, TimeoutError):
            raise SlowBody(f"Nothing more of the body arrived within {timeout_s:g} s.") from error
        raise MalformedRequest("The connection closed before the body was whole.") from error
    finally:
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.settimeout(None)
