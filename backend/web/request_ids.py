"""Every request has an id: the caller's own where it is harmless, else a fresh one."""

import re
import uuid

from flask import Flask, Response, g, request

HEADER = "X-Request-Id"
_HARMLESS = re.compile(r"[A-Za-z0-9._-]{1,64}")


def register(app: Flask) -> None:
    @app.before_request
    def take() -> None:
        asked = request.headers.get(HEADER, "")
        g.request_id = asked if _HARMLESS.fullmatch(asked) else uuid.uuid4().hex

    @app.after_request
    def give_back(response: Response) -> Response:
        response.headers[HEADER] = request_id()
        return response


def request_id() -> str:
    """The id of the request being answered."""
    # A request that failed before `take` ran has none yet.
    return str(g.get("request_id", "-"))
