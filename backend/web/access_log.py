"""One line of the log for each request: which, how it ended, how long it took.

Never in it: the picture, the path and query, the caller's key.
"""

import contextlib
import logging
import os
import time
from json.encoder import encode_basestring_ascii as quoted

from flask import Flask, Response

from backend.web.current import current_notes, current_request, route_and_method
from backend.web.logs import rfc3339

STDERR = 2
log = logging.getLogger("framegate")


def register(app: Flask) -> None:
    """Write a line for every request of `app`; needs `request_ids` and `metrics` before it."""

    @app.after_request
    def write(response: Response) -> Response:
        if log.isEnabledFor(logging.INFO):
            # A full disk, or a reader that left, is no reason to fail a request.
            with contextlib.suppress(OSError):
                os.write(STDERR, _line(response))  # in one piece: workers' lines do not mix
        return response


def _line(response: Response) -> bytes:
    # Written out by hand: json.dumps doubles the time it takes, a log record quadruples it.
    request, notes = current_request(), current_notes()
    route, method = route_and_method(request)
    size, code = request.content_length, notes.get("problem_code")
    return (
        f'{{"time": "{rfc3339(time.time())}", "level": "info", "logger": "framegate.access", '
        f'"request_id": {quoted(notes.request_id)}, "method": {quoted(method)}, '
        f'"route": {quoted(route)}, "status": {response.status_code}, '
        f'"code": {"null" if code is None else quoted(code)}, '
        f'"duration_ms": {(time.perf_counter() - notes.started_s) * 1000:.3f}, '
        f'"body_bytes": {"null" if size is None else size}, '
        f'"remote": {quoted(request.remote_addr or "")}}}\n'
    ).encode()
