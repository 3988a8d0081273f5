"""The camera page: whole, and from nowhere else."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.gateway import page


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("test", static_folder=None)
    app.register_blueprint(page.blueprint())
    return app.test_client()


def test_the_page_may_load_nothing_from_elsewhere(client: FlaskClient) -> None:
    with client.get("/") as response:
        assert response.status_code == 200
        assert response.mimetype == "text/html"
        policy = dict(
            directive.split(" ", 1)
            for directive in response.headers["Content-Security-Policy"].split("; ")
        )
        assert policy["default-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert not re.search(r"unsafe|https?:|\*", str(policy))
        assert response.headers["Permissions-Policy"].startswith("camera=(self), microphone=()")


def test_everything_the_page_names_is_served(client: FlaskClient) -> None:
    with client.get("/") as response:
        named = re.findall(r'(?:src|href)="([^"]+)"', response.get_data(as_text=True))
    assert {"/static/camera.js", "/static/camera.css"} <= set(named)
    for path in named:
        if not path.startswith("data:"):
            with client.get(path) as response:
                assert response.status_code == 200, path


@pytest.mark.parametrize("path", ["/static/../page.py", "/static/%2e%2e/page.py", "/static/"])
def test_no_other_file_is_served(client: FlaskClient, path: str) -> None:
    with client.get(path) as response:
        assert response.status_code == 404
