"""GET /openapi.json for programs and GET /docs for people, from the same document."""

import json
from typing import Any

from flask import Blueprint, Response

from backend.gateway.reference import page

# The page needs a style sheet of this host, and nothing else.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
)


def blueprint(document: dict[str, Any]) -> Blueprint:
    routes = Blueprint("reference", __name__)
    as_json, as_html = json.dumps(document, indent=1, ensure_ascii=False), page.render(document)

    @routes.get("/openapi.json")
    def openapi() -> Response:
        return _answer(as_json, "application/json")

    @routes.get("/docs")
    def docs() -> Response:
        response = _answer(as_html, "text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return routes


def _answer(text: str, content_type: str) -> Response:
    response = Response(text, content_type=content_type)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-cache"
    return response
