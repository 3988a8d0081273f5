"""Whose clips and jobs a request is about."""

from urllib.parse import unquote

from flask import Request

# The gateway says whom it asks for. Whoever reaches this process is believed: it has the internal
# token, or is on this machine.
HEADER = "X-Framegate-Owner"
ANONYMOUS = "anonymous"


def owner(request: Request) -> str:
    """The caller, as the gateway names it."""
    return unquote(request.headers.get(HEADER, "")) or ANONYMOUS
