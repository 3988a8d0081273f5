"""What every answer tells browsers not to do."""

from flask import Flask, Response

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
HTTPS_ONLY = "max-age=15552000"  # half a year


def register(app: Flask, *, https: bool) -> None:
    headers = HEADERS | ({"Strict-Transport-Security": HTTPS_ONLY} if https else {})

    @app.after_request
    def add(response: Response) -> Response:
        response.headers.update(headers)
        return response
