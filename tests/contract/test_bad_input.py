"""Bad input gets a 4xx problem within limits of time and memory, and the gateway goes on."""

import base64
import contextlib
import http.client
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.pictures import ASTRONAUT, astronaut, encode, many_scans, png_with_header
from tests.processes import Gateway, Triton, wait_until

pytestmark = pytest.mark.triton

JPEG = ASTRONAUT.read_bytes()
SMALL = encode(astronaut((64, 64)), "JPEG")
PNG = encode(astronaut((64, 64)), "PNG")


def form(*parts: bytes, field: str = "image") -> bytes:
    head = (
        f"--b\r\nContent-Disposition: form-data; name={field}; filename=a.jpg\r\n"
        "Content-Type: image/jpeg\r\n\r\n"
    ).encode()
    return b"".join(head + part + b"\r\n" for part in parts) + b"--b--\r\n"


def image_json(text: object) -> bytes:
    return json.dumps({"image": text}).encode()


def animation(kind: str) -> bytes:
    frames = [astronaut((64, 64)), astronaut((64, 64)).rotate(90)]
    return encode(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


FORM = "multipart/form-data; boundary=b"
JSON = "application/json"
CASES = {
    "empty body": (b"", "image/jpeg", 400, "malformed_request"),
    "empty form file": (form(b""), FORM, 400, "malformed_request"),
    "form without a picture": (form(JPEG, field="photo"), FORM, 400, "malformed_request"),
    "two pictures in one form": (form(JPEG, JPEG), FORM, 400, "malformed_request"),
    "form without its boundary": (form(JPEG), "multipart/form-data", 400, "malformed_request"),
    "not an image": (b"hello" * 100, "image/jpeg", 415, "unsupported_picture"),
    "no content type": (JPEG, None, 415, "unsupported_picture"),
    "wrong content type": (JPEG, "text/plain", 415, "unsupported_picture"),
    "png that says jpeg": (PNG, "image/jpeg", 415, "unsupported_picture"),
    "gif": (encode(astronaut((64, 64)), "GIF"), "image/gif", 415, "unsupported_picture"),
    "gif that says jpeg": (animation("GIF"), "image/jpeg", 415, "unsupported_picture"),
    "animated webp": (animation("WEBP"), "image/webp", 422, "animated_picture"),
    "animated png": (animation("PNG"), "image/png", 422, "animated_picture"),
    "one pixel": (encode(astronaut((1, 1)), "PNG"), "image/png", 422, "picture_too_small"),
    "truncated jpeg": (JPEG[: len(JPEG) // 2], "image/jpeg", 422, "undecodable_picture"),
    "jpeg of only a header": (JPEG[:300], "image/jpeg", 422, "undecodable_picture"),
    "truncated png": (PNG[: len(PNG) // 2], "image/png", 422, "undecodable_picture"),
    "jpeg of many scans": (many_scans(60), "image/jpeg", 422, "undecodable_picture"),
    "png bomb": (png_with_header(50_000, 50_000), "image/png", 413, "picture_too_large"),
    "png of no pixels": (png_with_header(64, 64), "image/png", 422, "undecodable_picture"),
    "not json": (b"{", JSON, 400, "malformed_request"),
    "json of something else": (b"[1]", JSON, 400, "malformed_request"),
    "json without a picture": (b"{}", JSON, 400, "malformed_request"),
    "json number for a picture": (image_json(1), JSON, 400, "malformed_request"),
    "not a number in json": (b'{"image": NaN}', JSON, 400, "malformed_request"),
    "json nested too deep": (b"[" * 200_000, JSON, 400, "malformed_request"),
    "base64 with garbage": (image_json("§§§"), JSON, 400, "malformed_request"),
    "base64 cut off": (image_json(base64.b64encode(JPEG).decode()[:-1]), JSON, 400,
                       "malformed_request"),
    "data url without base64": (image_json("data:image/jpeg,abc"), JSON, 400, "malformed_request"),
    "data url of text": (image_json("data:text/plain;base64,aGVsbG8="), JSON, 415,
                         "unsupported_picture"),
    "over the limit": (b"x" * (10 * 2**20 + 1), "image/jpeg", 413, "request_entity_too_large"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused_with_a_problem(gateway: Gateway, case: str) -> None:
    body, content_type, status, code = CASES[case]
    started_s = time.monotonic()
    response = gateway.post(body, content_type)
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["request_id"] == response.headers["X-Request-Id"]
    assert problem["detail"].endswith(".")
    assert "Traceback" not in response.text
    assert time.monotonic() - started_s < 5


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nope", 404, "not_found"),
        ("GET", "/v1/quality", 405, "method_not_allowed"),
        ("GET", "/static/../app.py", 404, "not_found"),
    ],
)
def test_wrong_paths_and_methods_get_a_problem_too(
    gateway: Gateway, method: str, path: str, status: int, code: str
) -> None:
    response = gateway.get(path)
    assert (response.status_code, response.json()["code"]) == (status, code)


def test_every_worker_outlives_all_of_it(gateway: Gateway) -> None:
    master = psutil.Process(gateway.process.popen.pid)
    before = {child.pid for child in master.children()}
    for body, content_type, status, _ in CASES.values():
        assert gateway.post(body, content_type).status_code == status
    assert {child.pid for child in master.children()} == before
    assert "Traceback" not in gateway.process.output


def test_a_bomb_does_not_grow_the_workers(gateway: Gateway) -> None:
    master = psutil.Process(gateway.process.popen.pid)

    def peak_bytes() -> int:
        return max(child.memory_info().rss for child in master.children())

    before = peak_bytes()
    for _ in range(10):
        gateway.post(png_with_header(50_000, 50_000), "image/png")
    assert peak_bytes() - before < 50 * 2**20


@pytest.fixture(scope="module")
def impatient(triton: Triton, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("impatient")
    settings = {"FRAMEGATE_BODY_TIMEOUT_S": "1.5", "FRAMEGATE_MAX_BODY_BYTES": "200000"}
    with Gateway(folder, triton_port=triton.http_port, **settings) as server:
        yield server


def exchange(gateway: Gateway, *pieces: bytes) -> tuple[int, bytes]:
    """Send raw bytes, read one answer: its status and body."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response.status, response.read()


def test_a_body_that_does_not_come_is_408(impatient: Gateway) -> None:
    head = (
        b"POST /v1/quality HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
        b"Content-Length: 1000\r\n\r\nabc"
    )
    status, answer = exchange(impatient, head)
    assert (status, json.loads(answer)["code"]) == (408, "slow_body")


def test_a_chunked_body_is_read_like_any_other(impatient: Gateway) -> None:
    body = encode(astronaut((64, 64)), "JPEG")
    head = (
        b"POST /v1/quality HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
        b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    status, answer = exchange(impatient, head, b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n")
    assert status == 200
    assert json.loads(answer)["score"] == impatient.post(body).json()["score"]


@pytest.mark.parametrize("body", [b"zz\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloXXX\r\n0\r\n\r\n"])
def test_chunks_that_are_none_are_400(impatient: Gateway, body: bytes) -> None:
    head = (
        b"POST /v1/quality HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    status, answer = exchange(impatient, head + body)
    assert (status, json.loads(answer)["code"]) == (400, "malformed_request")
    assert "Traceback" not in impatient.process.output


def test_bodies_on_their_way_are_limited_together(impatient: Gateway) -> None:
    """Each of many callers announces a body and sends none of it: most get no room."""
    head = (
        b"POST /v1/quality HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
        b"Content-Length: 200000\r\n\r\n"
    )
    room = 2 * 128 * 2**20 // 200_000  # two workers
    with contextlib.ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection(("127.0.0.1", impatient.port), timeout=10))
            for _ in range(room + 300)
        ]
        for connection in connections:
            connection.sendall(head)
        statuses = []
        for connection in connections:
            response = http.client.HTTPResponse(connection)
            response.begin()
            statuses.append(response.status)
    assert set(statuses) == {408, 503}
    assert statuses.count(503) >= 300
    wait_until(lambda: impatient.post(SMALL).status_code == 200, what="there is room again")


def test_a_body_over_the_limit_without_a_length_is_413(impatient: Gateway) -> None:
    head = (
        b"POST /v1/quality HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"%x\r\n" % 100_000 + b"x" * 100_000 + b"\r\n"
    status, answer = exchange(impatient, head, chunk * 3)
    assert (status, json.loads(answer)["code"]) == (413, "request_entity_too_large")
