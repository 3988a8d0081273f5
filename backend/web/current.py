"""The request being answered, and what is noted of it, without Flask's proxies.

A proxy looks its object up on every use, which costs as much as writing a field of a log line.
"""

from typing import Any

from flask import Request, g, request


def current_request() -> Request:
    found: Request = request._get_current_object()  # type: ignore[attr-defined]
    return found


def current_notes() -> Any:
    """`flask.g` of this request."""
    return g._get_current_object()


def route_and_method(request: Request) -> tuple[str, str]:
    """What a request is called in counts and logs.

    The rule, not the path: a caller must not be able to make up names.
    """
    rule = request.url_rule
    return (rule.rule, request.method) if rule else ("unknown", "-")
