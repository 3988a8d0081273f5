"""Web pages of other origins that may call the API."""

import re

from flask import Flask
from flask_cors import CORS

PREFLIGHT_LIFETIME_S = 600


def register(app: Flask, origins: tuple[str, ...]) -> None:
    """Let pages of these origins, and of no others, call what is under /v1/ and read the answers.

    Keys are sent by the page's own code: cookies and what else a browser sends by itself stay out.
    """
    if not origins:
        return
    CORS(
        app,
        resources=[re.compile(r"/v1/")],
        # As patterns, since text with the brackets of an IPv6 address would be taken for one.
        origins=[re.compile(re.escape(origin) + r"\Z") for origin in origins],
        methods=["DELETE", "GET", "POST"],
        allow_headers=[
            "Authorization",
            "Content-Type",
            "Prefer",
            "X-Request-Id",
            "X-Request-Timeout-Ms",
        ],
        expose_headers=[
            "Location",
            "Preference-Applied",
            "Retry-After",
            "Server-Timing",
            "X-Request-Id",
        ],
        max_age=PREFLIGHT_LIFETIME_S,
    )
