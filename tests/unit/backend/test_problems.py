"""How the gateway answers errors, with no Triton behind it."""

import logging
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.errors import FramegateError, RateLimited
from backend.gateway.app import create_app
from backend.settings import Settings
from backend.web.problems import PROBLEMS
from backend.web.uploads import PictureRequest
from tests.pictures import astronaut, encode
from tests.processes import free_port

JPEG = encode(astronaut((64, 64)), "JPEG")
SECRET = "password in /etc/somewhere"


@pytest.fixture
def app() -> Iterator[Flask]:
    """A gateway whose Triton refuses connections, with one route per way to fail."""
    level = logging.getLogger("framegate").level
    app = create_app(
        Settings(triton_http_port=free_port(), triton_timeout_ms=1000, max_body_bytes=5000)
    )

    @app.get("/boom")
    def boom() -> str:
        raise RuntimeError(SECRET)

    @app.get("/fails/<name>")
    def fails(name: str) -> str:
        (kind,) = (kind for kind in PROBLEMS if kind.__name__ == name)
        raise kind("A sentence.")

    yield app
    logging.getLogger("framegate").setLevel(level)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.mark.parametrize("kind", PROBLEMS)
def test_an_error_becomes_the_problem_of_its_row(
    client: FlaskClient, kind: type[FramegateError]
) -> None:
    problem = PROBLEMS[kind]
    response = client.get(f"/fails/{kind.__name__}", headers={"X-Request-Id": "camera-7"})
    assert response.status_code == problem.status
    assert response.content_type == "application/problem+json"
    retry_after = problem.retry_after_s
    assert response.headers.get("Retry-After") == (str(retry_after) if retry_after else None)
    body = response.get_json(force=True)
    assert body.pop("retry_after_ms", None) == (retry_after * 1000 if retry_after else None)
    assert body == {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": "A sentence.",
        "request_id": "camera-7",
    }


@pytest.mark.parametrize(
    ("wait_s", "header", "in_ms"),
    [(0.0, "1", 0), (0.0501, "1", 51), (1.0, "1", 1000), (1.2, "2", 1200), (90, "90", 90_000)],
)
def test_an_error_that_knows_how_long_to_wait_says_so_in_both_units(
    app: Flask, wait_s: float, header: str, in_ms: int
) -> None:
    @app.get("/wait")
    def wait() -> str:
        raise RateLimited("Too many.", retry_after_s=wait_s)

    response = app.test_client().get("/wait")
    assert response.headers["Retry-After"] == header
    assert response.get_json(force=True)["retry_after_ms"] == in_ms


def test_an_unknown_route_is_a_problem(client: FlaskClient) -> None:
    response = client.get("/nope")
    assert response.status_code == 404
    assert response.content_type == "application/problem+json"
    body = response.get_json(force=True)
    assert (body["title"], body["status"], body["code"]) == ("Not Found", 404, "not_found")
    assert body["request_id"] == response.headers["X-Request-Id"]
    assert "Retry-After" not in response.headers


def test_a_wrong_method_is_a_problem_that_names_the_right_one(client: FlaskClient) -> None:
    response = client.put("/v1/quality")
    assert (response.status_code, response.get_json(force=True)["code"]) == (
        405,
        "method_not_allowed",
    )
    assert {method.strip() for method in response.headers["Allow"].split(",")} == {
        "POST",
        "OPTIONS",
    }


def test_a_body_over_the_limit_is_told_the_limit(client: FlaskClient) -> None:
    response = client.post("/v1/quality", data=bytes(5001), content_type="image/jpeg")
    assert response.status_code == 413
    assert response.get_json(force=True)["detail"] == (
        "The request body is over the limit of 5000 bytes or has too many parts."
    )


def test_an_internal_error_says_nothing_of_the_inside_and_all_of_it_to_the_log(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.get("/boom", headers={"X-Request-Id": "camera-7"})
    assert response.status_code == 500
    assert response.content_type == "application/problem+json"
    assert response.get_json(force=True) == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "code": "internal_error",
        "detail": "The server failed on this request. "
        "Its log has the details under the request id.",
        "request_id": "camera-7",
    }
    assert "Retry-After" not in response.headers
    assert SECRET in caplog.text
    (record,) = caplog.records
    assert (record.getMessage(), vars(record)["request_id"]) == ("internal_error", "camera-7")


def test_a_triton_that_refuses_is_503_with_retry_after(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    scored = client.post(
        "/v1/quality", data=JPEG, content_type="image/jpeg", headers={"X-Request-Id": "a"}
    )
    for response in (scored, client.get("/health"), client.get("/health/ready")):
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "2"
        body = response.get_json(force=True)
        assert (body["code"], body["detail"]) == (
            "triton_unavailable",
            "Triton cannot be reached.",
        )
    assert caplog.messages[0] == "triton_unavailable: Triton cannot be reached."
    assert vars(caplog.records[0])["request_id"] == "a"
    assert client.get("/health/live").get_json() == {"status": "alive"}


def test_a_bad_picture_is_told_before_triton_is_asked(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.post("/v1/quality", data=b"x", content_type="image/jpeg")
    assert response.status_code == 415
    assert caplog.messages == []  # the caller's mistakes are no news for the operator


def test_the_gateway_keeps_form_files_in_memory(app: Flask) -> None:
    assert app.request_class is PictureRequest
