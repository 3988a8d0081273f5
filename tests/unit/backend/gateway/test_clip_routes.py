"""What the gateway passes on about clips and jobs, and what it refuses itself."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import gevent
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backend.gateway import clips, zoo_client
from backend.gateway.app import create_app
from backend.gateway.clip_upload import ClipLimits
from backend.gateway.zoo_client import ZooClient
from backend.settings import Settings
from backend.web import access, access_log, metrics, problems, request_ids
from backend.web.access import Callers, scope_of
from backend.web.api_keys import ApiKey, Scope, new_key, sha256
from backend.web.uploads import PictureRequest
from tests.processes import free_port
from tests.unit.backend.gateway.zoo_server import JSON, ZooServer, problem, said, zoo_server
from tests.unit.backend.v2_server import Reply, until

CLIP = "aCWz-ek37kaFg4_pT0bKRg"
ONE = f"/v1/clips/{CLIP}"
JOB = "/v1/jobs/q0Zt5nZ0c1m9VvFCyPn0vA"
VIDEO = b"a video" * 100
KEY = new_key()
CALLERS = Callers((ApiKey("camera-7", frozenset({Scope.INFER}), sha256(KEY)),), anonymous=False)
ANYBODY = Callers((), anonymous=True)
LIMITS = ClipLimits(max_bytes=10_000, stall_s=5, timeout_s=20)


@pytest.fixture
def server() -> Iterator[ZooServer]:
    with zoo_server() as server:
        yield server


def app_before(client: ZooClient, callers: Callers = ANYBODY) -> Flask:
    app = Flask("test")
    app.request_class = PictureRequest
    app.config["MAX_CONTENT_LENGTH"] = 100  # of pictures
    for part in (request_ids, metrics, access_log, problems):
        part.register(app)
    access.register(app, callers, None)
    app.register_blueprint(clips.blueprint(client, LIMITS, max_in_flight=2))
    return app


@pytest.fixture
def app(server: ZooServer) -> Iterator[Flask]:
    with closing(ZooClient(*server.address)) as client:
        yield app_before(client)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def upload(
    client: FlaskClient, path: str = "/v1/clips", kind: str = "video/mp4", **headers: str
) -> TestResponse:
    return client.post(path, data=VIDEO, content_type=kind, headers=headers)


def told(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.get_json(force=True)["code"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/clips"),
        ("GET", ONE),
        ("POST", f"{ONE}/best-shot?top=3&distance_s=0.5&face=auto"),
        ("POST", f"{ONE}/infer?model=yolo11-face&frames=0,4,8-12&prompt=caf%C3%A9"),
        ("GET", JOB),
        ("DELETE", JOB),
    ],
)
def test_what_is_asked_about_clips_and_jobs_is_passed_on_and_back(
    server: ZooServer, client: FlaskClient, method: str, path: str
) -> None:
    server.answer = lambda: said({"id": "a"})
    response = client.open(path, method=method, headers={"X-Request-Id": "camera-7"})
    assert (response.status_code, response.get_json()) == (200, {"id": "a"})
    assert response.content_type == JSON
    assert response.headers["Cache-Control"] == "no-store"
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.body) == (method, path, b"")
    assert asked.headers["x-request-id"] == "camera-7"
    assert asked.headers["x-framegate-owner"] == "anonymous"
    assert "prefer" not in asked.headers
    longest_ms = 20_000 if method == "POST" else 30_000
    assert longest_ms - 5000 < int(asked.headers["x-request-timeout-ms"]) <= longest_ms


@pytest.mark.parametrize(
    "kind",
    [
        "video/mp4",
        "video/webm",
        "video/x-motion-jpeg",
        "application/octet-stream",
        'multipart/form-data; boundary="a b:c"',
    ],
)
def test_a_clip_is_passed_on_as_it_is_with_its_type_and_options(
    server: ZooServer, client: FlaskClient, kind: str
) -> None:
    server.answer = lambda: said({"id": CLIP}, 201, Location=ONE)
    response = upload(client, "/v1/clips?fps=2.5", kind)
    assert (response.status_code, response.get_json()) == (201, {"id": CLIP})
    assert response.headers["Location"] == ONE
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/v1/clips?fps=2.5", VIDEO)
    assert asked.headers["content-type"] == kind
    assert asked.headers["content-length"] == str(len(VIDEO))


def test_the_zoo_is_told_how_long_a_caller_waits_for_a_clip_only_where_it_says(
    server: ZooServer, client: FlaskClient
) -> None:
    server.answer = lambda: said({}, 201)
    upload(client)
    upload(client, **{"X-Request-Timeout-Ms": "5000"})
    first, second = server.asked
    assert "x-request-timeout-ms" not in first.headers
    assert 1000 < int(second.headers["x-request-timeout-ms"]) <= 5000


@pytest.mark.parametrize("path", ["/v1/clips", f"{ONE}/best-shot", f"{ONE}/infer?model=a"])
def test_a_job_is_passed_back_with_where_it_is(
    server: ZooServer, client: FlaskClient, path: str
) -> None:
    server.answer = lambda: said(
        {"state": "queued"}, 202, Location=JOB, **{"Preference-Applied": "respond-async"}
    )
    response = upload(client, path, Prefer="wait=10, Respond-Async; x=1")
    assert (response.status_code, response.get_json()) == (202, {"state": "queued"})
    assert response.headers["Location"] == JOB
    assert response.headers["Preference-Applied"] == "respond-async"
    assert server.asked[0].headers["prefer"] == "respond-async"


@pytest.mark.parametrize("preference", ["", "wait=10", "handling=lenient; respond-async"])
def test_a_preference_for_something_else_is_not_passed_on(
    server: ZooServer, client: FlaskClient, preference: str
) -> None:
    server.answer = lambda: said({}, 201)
    assert upload(client, Prefer=preference).status_code == 201
    assert "prefer" not in server.asked[0].headers


def test_a_frame_is_a_picture(server: ZooServer, client: FlaskClient) -> None:
    server.answer = lambda: Reply(200, b"\xff\xd8a", {"Content-Type": "image/jpeg"})
    response = client.get(f"{ONE}/frames/12.jpg?width=320")
    assert (response.status_code, response.data) == (200, b"\xff\xd8a")
    assert response.content_type == "image/jpeg"
    assert server.asked[0].path == f"{ONE}/frames/12.jpg?width=320"


def test_a_clip_that_is_deleted_leaves_an_empty_answer(
    server: ZooServer, client: FlaskClient
) -> None:
    server.answer = lambda: b"HTTP/1.1 204 No Content\r\nContent-Type: text/html\r\n\r\n"
    response = client.delete(ONE)
    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Type" not in response.headers
    assert (server.asked[0].method, server.asked[0].path) == ("DELETE", ONE)


def test_whose_clips_are_meant_is_the_name_of_the_key(server: ZooServer) -> None:
    server.answer = lambda: said({}, 200)
    with closing(ZooClient(*server.address)) as before:
        client = app_before(before, CALLERS).test_client()
        headers = {"Authorization": f"Bearer {KEY}", "X-Framegate-Owner": "key:somebody-else"}
        for method, path in (("GET", "/v1/clips"), ("POST", f"{ONE}/best-shot"), ("DELETE", JOB)):
            assert client.open(path, method=method, headers=headers).status_code == 200
        server.answer = lambda: said({}, 201)
        assert upload(client, **headers).status_code == 201
        assert told(client.get("/v1/clips")) == (401, "unauthenticated")
    owners = [asked.headers["x-framegate-owner"] for asked in server.asked]
    assert owners == ["key:camera-7"] * 4
    assert all("authorization" not in asked.headers for asked in server.asked)


def test_a_refusal_of_the_zoo_is_passed_back(server: ZooServer, client: FlaskClient) -> None:
    server.answer = lambda: problem(429, "clip_quota_exceeded", **{"Retry-After": "7"})
    response = upload(client)
    assert told(response) == (429, "clip_quota_exceeded")
    assert response.headers["Retry-After"] == "7"
    assert response.content_type == "application/problem+json"
    server.answer = lambda: problem(409, "job_cancelled")
    assert told(client.post(f"{ONE}/infer?model=a")) == (409, "job_cancelled")


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("POST", "/v1/clips", said({}, 200)),
        ("POST", "/v1/clips", said({}, 204)),
        ("POST", "/v1/clips", Reply(201, b"<html>", {"Content-Type": "text/html"})),
        ("POST", f"{ONE}/infer?model=a", said({}, 201)),
        ("GET", ONE, said({}, 202)),
        ("GET", f"{ONE}/frames/0.jpg", said({})),
        ("GET", f"{ONE}/frames/0.jpg", Reply(200, b"<svg>", {"Content-Type": "image/svg+xml"})),
        ("DELETE", ONE, said({})),
        ("GET", JOB, Reply(302, b"", {"Location": "/"})),
        ("GET", JOB, problem(404, "not_found")),
        ("GET", JOB, problem(403, "forbidden")),
    ],
)
def test_what_is_no_answer_to_the_question_is_not_passed_back(
    server: ZooServer, client: FlaskClient, method: str, path: str, answer: Reply
) -> None:
    server.answer = lambda: answer
    response = client.open(path, method=method, data=VIDEO, content_type="video/mp4")
    assert told(response) == (503, "enrichment_unavailable")


@pytest.mark.parametrize("place", ["https://elsewhere.example/", "/v1/clips/a", "/v1/models", ""])
def test_a_place_that_is_none_of_a_clip_or_job_is_not_told(
    server: ZooServer, client: FlaskClient, place: str
) -> None:
    server.answer = lambda: said({}, 201, Location=place, **{"Preference-Applied": "wait"})
    response = upload(client)
    assert response.status_code == 201
    assert not {"Location", "Preference-Applied"} & set(response.headers.keys())


@pytest.mark.parametrize("name", ["short", "a" * 65, "a" * 20 + ".", "a" * 20 + "%20", "é" * 20])
def test_a_name_that_no_clip_or_job_can_have_is_not_asked_about(
    server: ZooServer, client: FlaskClient, name: str
) -> None:
    clip = f"/v1/clips/{name}"
    for method, path in (
        ("GET", clip),
        ("DELETE", clip),
        ("GET", f"{clip}/frames/0.jpg"),
        ("POST", f"{clip}/best-shot"),
        ("POST", f"{clip}/infer?model=a"),
    ):
        assert told(client.open(path, method=method)) == (404, "clip_not_found")
    for method in ("GET", "DELETE"):
        assert told(client.open(f"/v1/jobs/{name}", method=method)) == (404, "job_not_found")
    assert server.connections == 0


@pytest.mark.parametrize("frame", ["-1", "a", "01", "1e3", "\u0661", "1234567"])
def test_a_frame_that_has_no_number_is_not_asked_for(
    server: ZooServer, client: FlaskClient, frame: str
) -> None:
    assert told(client.get(f"{ONE}/frames/{frame}.jpg")) == (404, "frame_not_found")
    assert server.connections == 0


def test_a_question_to_no_model_and_options_that_are_none_are_not_passed_on(
    server: ZooServer, client: FlaskClient
) -> None:
    assert told(client.post(f"{ONE}/infer?frames=0")) == (400, "malformed_request")
    for path in (f"{ONE}/infer?model=a&prompt={'x' * 4096}", f"{ONE}/best-shot?top={'3' * 4096}"):
        assert told(client.post(path)) == (400, "malformed_request")
    assert told(client.get(f"{ONE}/frames/0.jpg?width={'3' * 4096}")) == (400, "malformed_request")
    assert told(upload(client, f"/v1/clips?fps={'3' * 4096}")) == (400, "malformed_request")
    assert server.connections == 0


def test_past_the_limit_clips_and_questions_are_refused_and_jobs_are_still_asked_about(
    server: ZooServer, app: Flask
) -> None:
    server.go.clear()
    server.answer = lambda: said({}, 202)

    def post(path: str) -> int:
        return upload(app.test_client(), path).status_code

    waiting = [gevent.spawn(post, "/v1/clips") for _ in range(clips.MOST_UPLOADS)]
    waiting += [gevent.spawn(post, f"{ONE}/best-shot") for _ in range(2)]
    until(lambda: len(server.asked) == clips.MOST_UPLOADS + 2, "all wait")
    for path in ("/v1/clips", f"{ONE}/infer?model=a"):
        refused = upload(app.test_client(), path)
        assert told(refused) == (503, "overloaded")
        assert refused.headers["Retry-After"] == "1"
    polling = gevent.spawn(app.test_client().get, JOB)
    until(lambda: server.asked[-1].path == JOB, "the job is asked about")
    server.go.set()
    assert [greenlet.get(timeout=10) for greenlet in waiting] == [202] * len(waiting)
    polling.get(timeout=10)
    assert post("/v1/clips") == 202


def test_a_zoo_that_keeps_a_clip_too_long_is_given_up(
    server: ZooServer, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoo_client, "GRACE_S", 0.1)
    monkeypatch.setattr(zoo_client, "CLIP_ANSWER_S", 0.1)
    server.go.clear()
    response = upload(client)
    assert told(response) == (503, "enrichment_unavailable")
    assert json.loads(response.data)["detail"] == "The model zoo did not answer in time."
    server.go.set()
    until(lambda: not server.open, "the connection is given up")


def test_every_route_takes_the_scope_of_asking() -> None:
    app = create_app(Settings(triton_http_port=free_port(), enrichment_port=free_port()))
    rules: list[Any] = [
        rule for rule in app.url_map.iter_rules() if rule.rule.startswith(("/v1/clips", "/v1/jobs"))
    ]
    assert len(rules) == 9
    assert {scope_of(app.view_functions[rule.endpoint]) for rule in rules} == {Scope.INFER}
