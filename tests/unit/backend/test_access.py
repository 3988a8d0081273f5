"""Who gets into which route, and what those who do not are told."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from limits.storage import MemoryStorage
from pydantic import SecretStr

from backend.gateway.app import create_app
from backend.settings import Settings
from backend.web import access, metrics, problems, request_ids
from backend.web.access import Callers, caller_name, needs, scope_of
from backend.web.api_keys import ApiKey, Scope, new_key, sha256
from backend.web.rate_limit import RateLimit
from tests.processes import free_port

CAMERA, PROMETHEUS = new_key(), new_key()
TOKEN = "token-of-our-own-processes"
KEYS = (
    ApiKey("camera", frozenset({Scope.INFER}), sha256(CAMERA)),
    ApiKey("prometheus", frozenset({Scope.METRICS}), sha256(PROMETHEUS)),
    ApiKey("internal", frozenset(Scope), sha256(TOKEN), rate_limited=False),
)
# Every other route has to declare a scope.
OPEN = {
    "/",
    "/clips",
    "/static/<path:filename>",
    "/health",
    "/health/live",
    "/health/ready",
    "/openapi.json",
    "/docs",
}

Make = Callable[..., FlaskClient]


@pytest.fixture
def client() -> Make:
    def make(
        callers: Callers = Callers(KEYS, anonymous=False),  # noqa: B008 - frozen
        rate: str = "",
    ) -> FlaskClient:
        app = Flask("test")
        for part in (request_ids, metrics, problems):
            part.register(app)
        limit = RateLimit(rate, MemoryStorage()) if rate else None
        access.register(app, callers, limit)

        @app.post("/score")
        @needs(Scope.INFER)
        def score() -> str:
            return "scored"

        @app.get("/open")
        def open_() -> str:
            return "open"

        @app.get("/whose")
        @needs(Scope.INFER)
        def whose() -> str:
            return caller_name()

        @app.get("/nobody")
        def nobody() -> str:
            return caller_name()

        return app.test_client()

    return make


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def gateway() -> Iterator[Flask]:
    level = logging.getLogger("framegate").level
    yield create_app(Settings(triton_http_port=free_port()))
    logging.getLogger("framegate").setLevel(level)


def test_every_route_declares_a_scope_or_is_known_to_be_open(gateway: Flask) -> None:
    scopes = {
        rule.rule: scope_of(gateway.view_functions[rule.endpoint])
        for rule in gateway.url_map.iter_rules()
    }
    assert {rule for rule, scope in scopes.items() if scope is None} <= OPEN
    assert scopes["/v1/quality"] is Scope.INFER
    assert scopes["/metrics"] is Scope.METRICS
    assert scopes["/v1/models/<name>/load"] is Scope.ADMIN


def test_a_key_opens_the_routes_of_its_scope(client: Make) -> None:
    assert client().post("/score", headers=bearer(CAMERA)).text == "scored"
    assert client().get("/metrics", headers=bearer(PROMETHEUS)).status_code == 200


def test_the_token_of_our_own_processes_opens_all(client: Make) -> None:
    assert client().post("/score", headers=bearer(TOKEN)).text == "scored"
    assert client().get("/metrics", headers=bearer(TOKEN)).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic eDp5"}, bearer("")])
def test_without_a_key_the_answer_is_401_and_asks_for_one(
    client: Make, headers: dict[str, str]
) -> None:
    response = client().post("/score", headers=headers)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="framegate"'
    body = response.get_json(force=True)
    assert body["code"] == "unauthenticated"
    assert body["detail"] == "An API key is needed: send Authorization: Bearer <key>."


@pytest.mark.parametrize("key", [new_key(), "x", sha256(CAMERA), CAMERA + " ", f"{CAMERA},"])
def test_a_wrong_key_is_401_with_invalid_token_and_is_not_repeated(client: Make, key: str) -> None:
    response = client().post("/score", headers=bearer(key + "zz"))
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == (
        'Bearer realm="framegate", error="invalid_token"'
    )
    assert response.get_json(force=True)["detail"] == (
        "This API key is not known: send Authorization: Bearer <key>."
    )
    assert key not in response.text


def test_a_key_without_the_scope_is_403_naming_it(client: Make) -> None:
    response = client().post("/score", headers=bearer(PROMETHEUS))
    assert response.status_code == 403
    body = response.get_json(force=True)
    assert (body["code"], body["detail"]) == (
        "forbidden",
        "The API key 'prometheus' lacks the scope 'infer'.",
    )
    assert "WWW-Authenticate" not in response.headers


def test_admin_implies_nothing(client: Make) -> None:
    admin = Callers((ApiKey("boss", frozenset({Scope.ADMIN}), sha256(CAMERA)),), anonymous=False)
    assert client(admin).post("/score", headers=bearer(CAMERA)).status_code == 403


def test_what_is_open_asks_for_nothing(client: Make) -> None:
    asked = client()
    assert asked.get("/open").text == "open"
    assert asked.get("/nope").status_code == 404
    assert asked.get("/score").status_code == 405
    assert asked.options("/score").status_code == 200


def test_the_body_of_a_refused_request_is_not_read(client: Make) -> None:
    class Unread:
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("the body was read")

    environ = {"wsgi.input": Unread(), "CONTENT_LENGTH": "1000"}
    response = client().post("/score", headers=bearer("wrong"), environ_overrides=environ)
    assert response.status_code == 401


def test_without_a_file_of_keys_anyone_may_call(client: Make) -> None:
    asked = client(access.read_callers(None, None))
    assert asked.post("/score").text == "scored"
    assert asked.post("/score", headers=bearer("anything")).text == "scored"


def test_a_route_knows_the_name_of_its_caller(client: Make) -> None:
    asked = client()
    assert asked.get("/whose", headers=bearer(CAMERA)).text == "key:camera"
    assert asked.get("/whose", headers=bearer(TOKEN)).text == "key:internal"
    assert asked.get("/nobody", headers=bearer(CAMERA)).text == "anonymous"


@pytest.mark.parametrize("rate", ["", "9/day"])
def test_without_a_file_of_keys_every_caller_is_the_same_one(client: Make, rate: str) -> None:
    asked = client(access.read_callers(None, SecretStr(TOKEN)), rate)
    for headers in ({}, bearer("anything"), bearer(TOKEN)):
        assert asked.get("/whose", headers=headers).text == "anonymous"


def test_requests_are_counted_per_name_of_a_key(client: Make) -> None:
    second = new_key()
    twins = (*KEYS, ApiKey("camera", frozenset({Scope.INFER}), sha256(second)))
    asked = client(Callers(twins, anonymous=False), "2/day")
    assert asked.post("/score", headers=bearer(CAMERA)).status_code == 200
    assert asked.post("/score", headers=bearer(second)).status_code == 200
    assert asked.post("/score", headers=bearer(CAMERA)).status_code == 429
    assert asked.get("/metrics", headers=bearer(PROMETHEUS)).status_code == 200
    for _ in range(3):
        assert asked.post("/score", headers=bearer(TOKEN)).status_code == 200


def test_without_keys_requests_are_counted_per_address(client: Make) -> None:
    asked = client(access.read_callers(None, SecretStr(TOKEN)), "1/day")

    def status(address: str, headers: dict[str, str]) -> int:
        environ = {"REMOTE_ADDR": address}
        return asked.post("/score", headers=headers, environ_base=environ).status_code

    assert [status("10.0.0.1", {}), status("10.0.0.1", {})] == [200, 429]
    assert [status("10.0.0.2", bearer("made-up")), status("10.0.0.2", bearer("else"))] == [200, 429]
    assert [status("10.0.0.1", bearer(TOKEN)) for _ in range(3)] == [200] * 3


def test_only_routes_with_a_scope_and_callers_let_in_are_counted(client: Make) -> None:
    asked = client(rate="1/day")
    for _ in range(3):
        assert asked.get("/open").status_code == 200
        assert asked.options("/score").status_code == 200
        assert asked.post("/score", headers=bearer("wrong")).status_code == 401
    assert asked.post("/score", headers=bearer(CAMERA)).status_code == 200
    response = asked.post("/score", headers=bearer(CAMERA))
    body = response.get_json(force=True)
    assert (response.status_code, body["code"]) == (429, "rate_limited")
    assert 0 < body["retry_after_ms"] <= 86_400_000
    assert int(response.headers["Retry-After"]) == -(-body["retry_after_ms"] // 1000)


def test_the_right_lines_of_a_file_count_and_the_log_names_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "keys"
    path.write_text(f"{KEYS[0].line}\n{CAMERA}\n")
    path.chmod(0o644)
    assert access.read_callers(path, None) == Callers((KEYS[0],), anonymous=False)
    assert caplog.messages == [
        f"API keys: {path}: line 2: 1 words instead of name, scopes and hash",
        f"API keys: others may read {path}: chmod 600 {path}",
    ]
    assert CAMERA not in caplog.text


def test_a_file_that_is_gone_shuts_everyone_out(tmp_path: Path) -> None:
    assert access.read_callers(tmp_path / "gone", None) == Callers((), anonymous=False)
