"""The pages: whole, and from nowhere else."""

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


@pytest.mark.parametrize("path", ["/", "/clips"])
def test_a_page_may_load_nothing_from_elsewhere(client: FlaskClient, path: str) -> None:
    with client.get(path) as response:
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


@pytest.mark.parametrize(
    ("page", "script", "link"), [("/", "camera", "/clips"), ("/clips", "clips", "/")]
)
def test_everything_a_page_names_is_served(
    client: FlaskClient, page: str, script: str, link: str
) -> None:
    with client.get(page) as response:
        named = re.findall(r'(?:src|href)="([^"]+)"', response.get_data(as_text=True))
    assert {f"/static/{script}.js", f"/static/{script}.css", "/static/base.css", link} <= set(named)
    for path in named:
        if not path.startswith("data:"):
            with client.get(path) as response:
                assert response.status_code == 200, path


@pytest.mark.parametrize("path", ["/static/../page.py", "/static/%2e%2e/page.py", "/static/"])
def test_no_other_file_is_served(client: FlaskClient, path: str) -> None:
    with client.get(path) as response:
        assert response.status_code == 404
