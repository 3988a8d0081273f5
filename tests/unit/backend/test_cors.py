"""Which web pages of other origins a browser lets call the API."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.errors import Overloaded
from backend.web import cors, metrics, problems, request_ids

PAGE = "https://cameras.example"
LOCAL = "http://[::1]:8080"
EXPOSED = "Location, Preference-Applied, Retry-After, Server-Timing, X-Request-Id"


def client(*origins: str) -> FlaskClient:
    app = Flask("test")
    for part in (request_ids, metrics, problems):
        part.register(app)
    cors.register(app, origins)

    @app.post("/v1/quality")
    def quality() -> str:
        raise Overloaded("full")

    @app.get("/health")
    def health() -> str:
        return "healthy"

    return app.test_client()


def allowed(response_headers: object) -> dict[str, str]:
    headers = dict(response_headers)  # type: ignore[call-overload]
    return {name: value for name, value in headers.items() if name.startswith("Access-Control")}


@pytest.mark.parametrize("origin", [PAGE, LOCAL])
def test_a_page_on_the_list_may_ask_with_a_key(origin: str) -> None:
    response = client(PAGE, LOCAL).options(
        "/v1/quality",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type, x-evil",
        },
    )
    assert response.status_code == 200
    assert allowed(response.headers) == {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": "DELETE, GET, POST",
        "Access-Control-Allow-Headers": "authorization, content-type",
        "Access-Control-Expose-Headers": EXPOSED,
        "Access-Control-Max-Age": "600",
    }
    assert response.headers["Vary"] == "Origin"


def test_a_page_on_the_list_may_read_problems_too() -> None:
    response = client(PAGE).post("/v1/quality", headers={"Origin": PAGE})
    assert response.status_code == 503
    assert allowed(response.headers) == {
        "Access-Control-Allow-Origin": PAGE,
        "Access-Control-Expose-Headers": EXPOSED,
    }


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        f"{PAGE}.evil.example",
        "http://cameras.example",
        f"{PAGE}:8443",
        "https://camerasxexample",
        "null",
    ],
)
def test_a_page_that_is_not_on_the_list_may_not(origin: str) -> None:
    for method in ("OPTIONS", "POST"):
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        response = client(PAGE, LOCAL).open("/v1/quality", method=method, headers=headers)
        assert allowed(response.headers) == {}


def test_only_the_api_is_shared_and_nothing_without_a_list() -> None:
    assert allowed(client(PAGE).get("/health", headers={"Origin": PAGE}).headers) == {}
    assert allowed(client().post("/v1/quality", headers={"Origin": PAGE}).headers) == {}
