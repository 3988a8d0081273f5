"""What the gateway passes on to the zoo and back, and what it refuses itself."""

import base64
import io
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import gevent
import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from werkzeug.test import TestResponse

from backend.gateway import health, zoo, zoo_client
from backend.gateway.app import create_app
from backend.gateway.health import Canary
from backend.gateway.zoo_client import ZooClient
from backend.settings import Settings
from backend.web import access_log, metrics, problems, request_ids
from backend.web.access import scope_of
from backend.web.api_keys import Scope
from backend.web.uploads import BodyBudget, PictureRequest
from tests.pictures import astronaut, encode
from tests.processes import free_port
from tests.unit.backend.gateway.zoo_server import ZooServer, problem, said, zoo_server
from tests.unit.backend.v2_server import until

PNG = encode(astronaut((64, 64)), "PNG")
INFER = "/v1/models/yolo11-face/infer"
ENRICH = "/v1/enrich?models=yolo11-face"


@pytest.fixture
def server() -> Iterator[ZooServer]:
    with zoo_server() as server:
        yield server


@pytest.fixture
def budget() -> BodyBudget:
    return BodyBudget(100_000)


def app_before(client: ZooClient, budget: BodyBudget) -> Flask:
    app = Flask("test")
    app.request_class = PictureRequest
    app.config["MAX_CONTENT_LENGTH"] = 50_000
    for part in (request_ids, metrics, access_log, problems):
        part.register(app)
    app.register_blueprint(zoo.blueprint(client, budget, body_timeout_s=5, max_in_flight=2))
    return app


@pytest.fixture
def app(server: ZooServer, budget: BodyBudget) -> Iterator[Flask]:
    with closing(ZooClient(*server.address)) as client:
        yield app_before(client, budget)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def post_picture(client: FlaskClient, path: str = ENRICH, **headers: str) -> TestResponse:
    return client.post(path, data=PNG, content_type="image/png", headers=headers)


def told(response: TestResponse) -> tuple[int, str, str]:
    body: dict[str, Any] = response.get_json(force=True)
    return response.status_code, body["code"], body["detail"]


def count_of(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models"),
        ("GET", "/v1/models/yolo11-face"),
        ("GET", "/v1/models/yolo11-face/plan"),
        ("POST", "/v1/models/yolo11-face/load"),
        ("POST", "/v1/models/yolo11-face/unload"),
        ("POST", "/v1/models/osnet-x0-25/pin"),
        ("POST", "/v1/models/osnet-x0-25/unpin"),
    ],
)
def test_what_needs_no_picture_is_passed_on_and_back(
    server: ZooServer, client: FlaskClient, method: str, path: str
) -> None:
    server.answer = lambda: said({"name": "a", "state": "ready"})
    response = client.open(path, method=method, headers={"X-Request-Id": "camera-7"})
    assert response.status_code == 200
    assert response.get_json() == {"name": "a", "state": "ready"}
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Request-Id"] == "camera-7"
    (asked,) = server.asked
    assert (asked.path, asked.headers["x-request-id"]) == (path, "camera-7")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/enrich?models=a,b&prompt=a%20red%20car&prompt=caf%C3%A9&max_objects=3",
        f"{INFER}?score_threshold=0.5&unknown=1",
        INFER,
    ],
)
def test_a_picture_and_its_options_are_passed_on_as_they_are(
    server: ZooServer, client: FlaskClient, path: str
) -> None:
    assert post_picture(client, path).get_json() == {"path": path}
    (asked,) = server.asked
    assert (asked.body, asked.headers["content-type"]) == (PNG, "image/png")


def in_a_form(client: FlaskClient) -> TestResponse:
    return client.post(ENRICH, data={"image": (io.BytesIO(PNG), "a", "image/png")})


def in_json(client: FlaskClient) -> TestResponse:
    text = base64.b64encode(PNG).decode()
    return client.post(ENRICH, json={"image": f"data:image/png;base64,{text}"})


def in_bare_base64(client: FlaskClient) -> TestResponse:
    return client.post(ENRICH, json={"image": base64.b64encode(PNG).decode()})


@pytest.mark.parametrize(
    ("send", "media_type"),
    [
        (post_picture, "image/png"),
        (in_a_form, "image/png"),
        (in_json, "image/png"),
        (in_bare_base64, "application/octet-stream"),
    ],
)
def test_in_whatever_form_a_picture_comes_the_zoo_gets_the_file(
    server: ZooServer,
    client: FlaskClient,
    send: Callable[[FlaskClient], TestResponse],
    media_type: str,
) -> None:
    assert send(client).status_code == 200
    (asked,) = server.asked
    assert (asked.body, asked.headers["content-type"]) == (PNG, media_type)


@pytest.mark.parametrize("media_type", ["image/tiff", "image/png\r\nX-Evil: 1", "é"])
def test_a_media_type_of_the_caller_s_making_never_becomes_a_header(
    server: ZooServer, client: FlaskClient, media_type: str
) -> None:
    text = base64.b64encode(PNG).decode()
    response = client.post(ENRICH, json={"image": f"data:{media_type};base64,{text}"})
    assert told(response)[:2] == (415, "unsupported_picture")
    assert server.connections == 0


@pytest.mark.parametrize(
    ("asked_ms", "most_ms"), [(None, 30_000), ("600000", 30_000), ("1500", 1500)]
)
def test_the_zoo_is_told_how_long_the_caller_waits_and_30_s_at_most(
    server: ZooServer, client: FlaskClient, asked_ms: str | None, most_ms: int
) -> None:
    headers = {} if asked_ms is None else {"X-Request-Timeout-Ms": asked_ms}
    post_picture(client, **headers)
    client.get("/v1/models", headers=headers)
    for asked in server.asked:
        assert most_ms - 1000 < int(asked.headers["x-request-timeout-ms"]) <= most_ms


@pytest.mark.parametrize(
    "name", ["Yolo", "a_b", "-a", ".a", "a" * 65, "a b", "é", "a%0D%0Ab", "a%0A"]
)
@pytest.mark.parametrize("action", ["", "/plan", "/infer", "/load"])
def test_a_name_that_no_model_can_have_is_unknown_without_asking(
    server: ZooServer, client: FlaskClient, name: str, action: str
) -> None:
    method = "POST" if action in ("/infer", "/load") else "GET"
    response = client.open(f"/v1/models/{name}{action}", method=method)
    assert told(response)[:2] == (404, "unknown_model")
    assert server.connections == 0


@pytest.mark.parametrize("path", ["/v1/enrich", "/v1/enrich?models=", "/v1/enrich?prompt=a"])
def test_enrich_needs_models(server: ZooServer, client: FlaskClient, path: str) -> None:
    status, code, detail = told(post_picture(client, path))
    assert (status, code) == (400, "malformed_request")
    assert detail == "The query needs models: ?models=yolo11-face,vitpose-small."
    assert server.connections == 0


def test_a_query_has_an_end(server: ZooServer, client: FlaskClient) -> None:
    query = "prompt=" + "x" * (4096 - len("prompt="))
    assert post_picture(client, f"{INFER}?{query}").status_code == 200
    assert told(post_picture(client, f"{INFER}?{query}x")) == (
        400,
        "malformed_request",
        "The query has 4097 bytes; at most 4096.",
    )
    assert len(server.asked) == 1


def test_a_query_with_raw_bytes_never_becomes_a_request_line(
    server: ZooServer, client: FlaskClient
) -> None:
    for query in ("prompt=a b", "prompt=\x0b", "prompt=\xe9"):
        response = client.post(INFER, environ_overrides={"QUERY_STRING": query})
        assert told(response)[:2] == (400, "malformed_request")
    assert server.connections == 0


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"", "image/png", 400),
        (b"{}", "application/json", 400),
        (PNG, "text/plain", 415),
        (bytes(50_001), "image/png", 413),
    ],
)
def test_a_body_that_is_no_picture_is_refused_without_asking(
    server: ZooServer, client: FlaskClient, data: bytes, content_type: str, status: int
) -> None:
    for path in (ENRICH, INFER):
        assert client.post(path, data=data, content_type=content_type).status_code == status
    assert server.connections == 0


@pytest.mark.parametrize(
    ("status", "code", "retry_after", "rejected"),
    [
        (404, "unknown_model", None, 0),
        (409, "model_disabled", None, 0),
        (422, "undecodable_picture", None, 0),
        (503, "zoo_busy", "7", 1),
        (503, "model_failed", "30", 1),
        (507, "model_too_large", None, 0),
    ],
)
def test_a_refusal_of_the_zoo_is_passed_on_counted_and_logged_as_our_own(
    server: ZooServer,
    client: FlaskClient,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    status: int,
    code: str,
    retry_after: str | None,
    rejected: int,
) -> None:
    caplog.set_level(logging.INFO, "framegate")
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    server.answer = lambda: problem(status, code, **headers)
    before = count_of("framegate_problems_total", code=code)
    before_rejected = count_of("framegate_rejected_requests_total", reason=code)
    response = post_picture(client, INFER)
    assert told(response) == (status, code, "A sentence.")
    assert response.content_type == "application/problem+json"
    assert response.headers.get("Retry-After") == retry_after
    assert count_of("framegate_problems_total", code=code) - before == 1
    after = count_of("framegate_rejected_requests_total", reason=code)
    assert after - before_rejected == rejected
    line = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert (line["route"], line["status"], line["code"]) == (
        "/v1/models/<name>/infer",
        status,
        code,
    )


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [("POST", ENRICH, PNG), ("GET", "/v1/models", None), ("POST", "/v1/models/a/load", None)],
)
def test_a_zoo_that_is_down_is_503_with_retry_after(
    budget: BodyBudget, method: str, path: str, data: bytes | None
) -> None:
    client = app_before(ZooClient("127.0.0.1", free_port()), budget).test_client()
    response = client.open(path, method=method, data=data, content_type="image/png")
    assert told(response) == (
        503,
        "enrichment_unavailable",
        "The model zoo cannot be reached, or left before it had answered.",
    )
    assert response.headers["Retry-After"] == "2"
    assert response.get_json(force=True)["retry_after_ms"] == 2000


def test_a_zoo_that_is_late_is_503_and_not_a_hang(
    server: ZooServer, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoo_client, "GRACE_S", 0.1)
    server.go.clear()
    begun_s = time.monotonic()
    response = post_picture(client, **{"X-Request-Timeout-Ms": "200"})
    assert told(response)[1:] == (
        "enrichment_unavailable",
        "The model zoo did not answer in time.",
    )
    assert 0.3 <= time.monotonic() - begun_s < 5


def test_a_deadline_that_is_no_number_is_400(server: ZooServer, client: FlaskClient) -> None:
    wrong = {"X-Request-Timeout-Ms": "soon"}
    assert post_picture(client, **wrong).status_code == 400
    assert client.get("/v1/models", headers=wrong).status_code == 400
    assert server.connections == 0


def test_past_the_limit_pictures_are_refused_and_the_list_is_still_answered(
    server: ZooServer, app: Flask
) -> None:
    server.go.clear()

    def post() -> int:
        return post_picture(app.test_client()).status_code

    waiting = [gevent.spawn(post) for _ in range(2)]
    until(lambda: len(server.asked) == 2, "two pictures wait")
    assert told(post_picture(app.test_client())) == (
        503,
        "overloaded",
        "The gateway waits for the zoo with as many pictures as it may: try again.",
    )
    unread = app.test_client().post(ENRICH, data=b"", content_type="image/png")
    assert told(unread)[1] == "overloaded"
    listing = gevent.spawn(lambda: app.test_client().get("/v1/models").status_code)
    until(lambda: len(server.asked) == 3, "the list is asked for")
    server.go.set()
    assert [greenlet.get(timeout=10) for greenlet in (*waiting, listing)] == [200, 200, 200]
    assert post() == 200


def test_what_needs_no_picture_has_a_limit_too(server: ZooServer, app: Flask) -> None:
    server.go.clear()

    def read() -> int:
        return app.test_client().get("/v1/models").status_code

    waiting = [gevent.spawn(read) for _ in range(2)]
    until(lambda: len(server.asked) == 2, "two requests wait")
    assert told(app.test_client().get("/v1/models"))[:2] == (503, "overloaded")
    assert told(app.test_client().post("/v1/models/a/load"))[:2] == (503, "overloaded")
    server.go.set()
    assert [greenlet.get(timeout=10) for greenlet in waiting] == [200, 200]


def test_bodies_on_their_way_share_one_budget(
    server: ZooServer, client: FlaskClient, budget: BodyBudget
) -> None:
    with Flask("another").test_request_context(
        ENRICH, method="POST", data=bytes(100_000 - len(PNG) + 1)
    ):
        request.max_content_length = 200_000
        with budget.room_for(request):
            assert told(post_picture(client))[:2] == (503, "no_room_for_body")
    assert post_picture(client).status_code == 200
    assert len(server.asked) == 1


def test_a_zoo_that_is_down_does_not_touch_the_probes(budget: BodyBudget) -> None:
    app = app_before(ZooClient("127.0.0.1", free_port()), budget)
    app.register_blueprint(
        health.blueprint(Canary(lambda: None), model="m", draining=lambda: False)
    )
    client = app.test_client()
    assert client.get("/v1/models").status_code == 503
    assert client.get("/health/ready").status_code == 200


def test_reading_and_asking_take_one_scope_and_control_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "framegate")  # as it was, afterwards
    app = create_app(Settings(triton_http_port=free_port(), enrichment_port=free_port()))
    scopes = {
        rule.rule: scope_of(app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/v1/models", "/v1/enrich"))
    }
    model = "/v1/models/<name>"
    readers = ("/v1/enrich", "/v1/models", model, f"{model}/plan", f"{model}/infer")
    control = (f"{model}/load", f"{model}/unload", f"{model}/pin", f"{model}/unpin")
    assert scopes == dict.fromkeys(readers, Scope.INFER) | dict.fromkeys(control, Scope.ADMIN)
