"""Requests that the model zoo's process answers: what of them is passed on, and of its answers."""

import re
import time

from flask import Response, request

from backend.errors import MalformedRequest
from backend.gateway.zoo_answer import ZooAnswer
from backend.web import deadlines, problems

LONGEST_QUERY_BYTES = 4096


def deadline_s(longest_s: float) -> float:
    """By when the zoo answers the request at hand, on the clock of time.monotonic().

    Args:
        longest_s: from now, whatever the caller says.
    """
    return min(deadlines.deadline_s(request), time.monotonic() + longest_s)


def read_query() -> str:
    """The options for the zoo as they came, with the question mark."""
    query = request.query_string
    if len(query) > LONGEST_QUERY_BYTES:
        raise MalformedRequest(f"The query has {len(query)} bytes; at most {LONGEST_QUERY_BYTES}.")
    if not re.fullmatch(rb"[!-~]*", query):
        raise MalformedRequest("The query has bytes that must be percent-encoded.")
    return f"?{query.decode('ascii')}" if query else ""


def pass_on(answer: ZooAnswer) -> Response:
    if answer.code is not None:
        problems.note(answer.code, answer.status)
    response = Response(answer.body, status=answer.status, headers=dict(answer.headers))
    if answer.media_type is None:
        del response.headers["Content-Type"]
    else:
        response.headers["Content-Type"] = answer.media_type
    response.headers["Cache-Control"] = "no-store"
    return response
