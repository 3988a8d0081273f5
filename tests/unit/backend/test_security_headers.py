"""What every answer says to browsers, whatever the answer."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from backend.gateway.app import create_app
from backend.settings import Settings
from tests.processes import free_port

PATHS = ["/", "/static/camera.js", "/health/live", "/health/ready", "/metrics", "/nope"]


@pytest.fixture(autouse=True)
def keep_log_level() -> Iterator[None]:
    level = logging.getLogger("framegate").level
    yield
    logging.getLogger("framegate").setLevel(level)


def headers_of(app: Flask, path: str) -> dict[str, str]:
    with app.test_client().get(path) as response:
        return dict(response.headers)


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_kept_to_itself(path: str) -> None:
    headers = headers_of(create_app(Settings(triton_http_port=free_port())), path)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers


def test_over_https_browsers_are_told_to_stay_there(tmp_path: Path) -> None:
    pair = tmp_path / "cert.pem", tmp_path / "key.pem"
    for path in pair:
        path.touch()
    app = create_app(Settings(tls_cert=pair[0], tls_key=pair[1]))
    assert headers_of(app, "/health/live")["Strict-Transport-Security"] == "max-age=15552000"
