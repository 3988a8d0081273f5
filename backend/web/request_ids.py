"""Every request has an id: the caller's own where it is harmless, else a fresh one."""

import logging
import os
import re

from flask import Flask, Response, g, has_app_context, request

HEADER = "X-Request-Id"
_HARMLESS = re.compile(r"[A-Za-z0-9._-]{1,64}")


def register(app: Flask) -> None:
    """Give every request of `app` its id, and every record that is logged meanwhile."""
    logging.getLogger("framegate").addFilter(_note)

    @app.before_request
    def take() -> None:
        asked = request.headers.get(HEADER, "")
        g.request_id = asked if _HARMLESS.fullmatch(asked) else os.urandom(16).hex()

    @app.after_request
    def give_back(response: Response) -> Response:
        response.headers[HEADER] = request_id()
        return response


def request_id() -> str:
    """The id of the request being answered."""
    # A request that failed before `take` ran has none yet.
    return str(g.get("request_id", "-"))


def _note(record: logging.LogRecord) -> bool:
    if has_app_context():
        record.request_id = request_id()
    return True
