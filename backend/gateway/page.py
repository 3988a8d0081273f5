"""GET / and /clips: the pages and their files."""

from pathlib import Path

from flask import Blueprint, Response

STATIC = Path(__file__).parent / "static"
# A page loads nothing from anywhere else, and nothing else may frame it.
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)

PERMISSIONS = "camera=(self), microphone=(), geolocation=(), display-capture=()"


def blueprint() -> Blueprint:
    routes = Blueprint("page", __name__, static_folder=str(STATIC), static_url_path="/static")

    @routes.get("/")
    def page() -> Response:
        return _page("index.html")

    @routes.get("/clips")
    def clips() -> Response:
        return _page("clips.html")

    def _page(name: str) -> Response:
        response = routes.send_static_file(name)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Permissions-Policy"] = PERMISSIONS
        response.headers["Cache-Control"] = "no-cache"
        return response

    return routes
