"""GET /: the camera page and its files."""

from pathlib import Path

from flask import Blueprint, Response

STATIC = Path(__file__).parent / "static"
# The page loads nothing from anywhere else, and nothing else may frame it.
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)

PERMISSIONS = "camera=(self), microphone=(), geolocation=(), display-capture=()"


def blueprint() -> Blueprint:
    routes = Blueprint("page", __name__, static_folder=str(STATIC), static_url_path="/static")

    @routes.get("/")
    def page() -> Response:
        response = routes.send_static_file("index.html")
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Permissions-Policy"] = PERMISSIONS
        response.headers["Cache-Control"] = "no-cache"
        return response

    return routes
