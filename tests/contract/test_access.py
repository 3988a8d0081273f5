"""Who may call a gateway under gunicorn: keys, their exchange, rates, and what strangers learn."""

import http.client
import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from backend.web.api_keys import ApiKey, Scope, new_key, sha256
from tests.pictures import ASTRONAUT, astronaut, encode
from tests.processes import Gateway, Redis, Triton, wait_until

pytestmark = pytest.mark.triton
JPEG = encode(astronaut((64, 64)), "JPEG")
CAMERA, PROMETHEUS = new_key(), new_key()
TOKEN = "token-of-our-own-processes"
PAGE = "https://cameras.example"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def line(name: str, scope: Scope, key: str) -> str:
    return ApiKey(name, frozenset({scope}), sha256(key)).line + "\n"


def write_keys(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def guarded(triton: Triton, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that knows two keys and a token, and logs all it can."""
    folder: Path = tmp_path_factory.mktemp("guarded")
    lines = line("camera", Scope.INFER, CAMERA) + line("prometheus", Scope.METRICS, PROMETHEUS)
    settings = {
        "FRAMEGATE_API_KEYS_FILE": str(write_keys(folder / "keys", lines)),
        "FRAMEGATE_INTERNAL_TOKEN": TOKEN,
        "FRAMEGATE_CORS_ORIGINS": PAGE,
        "FRAMEGATE_LOG_LEVEL": "debug",
    }
    with Gateway(folder, triton_port=triton.http_port, **settings) as server:
        yield server


def test_keys_open_what_their_scopes_say_and_nothing_else(guarded: Gateway) -> None:
    scored = guarded.post(ASTRONAUT.read_bytes(), **bearer(CAMERA))
    assert scored.status_code == 200
    assert 0.5 < scored.json()["score"] < 1
    assert guarded.post(JPEG, **bearer(TOKEN)).status_code == 200
    assert guarded.get("/metrics", **bearer(PROMETHEUS)).status_code == 200
    assert guarded.post(JPEG, **bearer(PROMETHEUS)).json()["code"] == "forbidden"
    assert guarded.post(JPEG).json()["code"] == "unauthenticated"
    assert guarded.get("/metrics", **bearer(new_key())).status_code == 401
    for path in ("/", "/static/camera.js", "/health", "/health/live", "/health/ready"):
        assert guarded.get(path).status_code == 200


def exchange(gateway: Gateway, data: bytes) -> tuple[http.client.HTTPResponse, str]:
    """Send raw bytes, read one answer."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        connection.sendall(data)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response, response.read().decode()


def head(*headers: str) -> bytes:
    lines = ["POST /v1/quality HTTP/1.1", "Host: x", "Content-Type: image/jpeg", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def test_a_stranger_is_answered_before_the_body_is_there(guarded: Gateway) -> None:
    response, body = exchange(guarded, head("Content-Length: 100000"))
    assert (response.status, json.loads(body)["code"]) == (401, "unauthenticated")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="framegate"'


def test_a_compressed_body_is_refused_before_it_is_there(guarded: Gateway) -> None:
    response, body = exchange(
        guarded,
        head("Content-Length: 1000", "Content-Encoding: gzip", f"Authorization: Bearer {CAMERA}"),
    )
    assert (response.status, json.loads(body)["code"]) == (415, "unsupported_encoding")


def test_a_page_of_another_origin_asks_without_a_key_and_reads_its_refusal(
    guarded: Gateway,
) -> None:
    asked = head(f"Origin: {PAGE}", "Access-Control-Request-Method: POST", "Content-Length: 0")
    response, _ = exchange(guarded, asked.replace(b"POST /", b"OPTIONS /"))
    assert response.status == 200
    assert response.headers["Access-Control-Allow-Origin"] == PAGE
    refused = guarded.post(JPEG, Origin=PAGE)
    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] == PAGE
    elsewhere = guarded.post(JPEG, Origin="https://evil.example")
    assert "Access-Control-Allow-Origin" not in elsewhere.headers


@pytest.mark.parametrize(
    ("data", "status", "server"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 200, "framegate"),
        (b"GET /nope HTTP/1.1\r\nHost: x\r\n\r\n", 404, "framegate"),
        (head("Content-Length: 3"), 401, "framegate"),
        (b"nonsense\r\n\r\n", 400, None),
        (b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400, None),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, None),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 90_000 + b"\r\n\r\n", 431, None),
    ],
)
def test_no_answer_tells_what_serves(
    guarded: Gateway, data: bytes, status: int, server: str | None
) -> None:
    response, body = exchange(guarded, data)
    assert response.status == status
    assert response.headers["Server"] == server
    told = f"{response.headers}{body}".lower()
    for word in ("gunicorn", "gevent", "werkzeug", "flask", "python"):
        assert word not in told


def test_no_secret_is_in_a_log_or_in_an_answer(guarded: Gateway) -> None:
    wrong = new_key()
    secrets = (CAMERA, PROMETHEUS, TOKEN, wrong)
    answers = [
        guarded.post(body, **bearer(secret)).text
        for secret in secrets
        for body in (JPEG, b"", b"x")
    ]
    answers += [guarded.get(path, **bearer(s)).text for s in secrets for path in ("/metrics", "/")]
    # gunicorn quotes some of what it cannot read.
    for secret in secrets:
        sent = f"Authorization: Bearer {secret}"
        for raw in (f"{sent}\x00", f" {sent}", f"{sent}\r\nContent-Length: x"):
            answers.append(exchange(guarded, head(raw))[1])
    output = guarded.process.output
    assert "unauthenticated" in "".join(answers)
    assert "Invalid request from ip=" in output
    for secret in secrets:
        assert secret not in output
        assert not [answer for answer in answers if secret in answer]


def test_a_key_is_exchanged_without_a_stop(triton: Triton, tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    first, second = (line("camera", Scope.INFER, key) for key in (old, new))
    keys = write_keys(tmp_path / "keys", first)
    settings = {"FRAMEGATE_API_KEYS_FILE": str(keys)}
    with Gateway(tmp_path / "gateway", triton_port=triton.http_port, **settings) as gateway:

        def reload(text: str) -> None:
            keys.write_text(text)
            master = psutil.Process(gateway.process.popen.pid)
            before = set(master.children())
            master.send_signal(signal.SIGHUP)
            wait_until(
                lambda: not before & set(master.children()) and len(master.children()) == 2,
                what="the workers are new ones",
            )
            wait_until(lambda: gateway.get("/health/live").ok, what="they answer")

        def known() -> list[int]:
            return [gateway.post(JPEG, **bearer(key)).status_code for key in (old, new)]

        assert known() == [200, 401]
        reload(first + second)
        assert known() == [200, 200]
        reload(second + "a slip of the pen\n")
        assert known() == [401, 200]
        assert "line 2: 5 words instead of name, scopes and hash" in gateway.process.output
        keys.unlink()
        keys.touch()
        reload("")
        assert known() == [401, 401]


@pytest.mark.parametrize("store", ["redis", "memory"])
def test_a_rate_is_for_all_workers_in_redis_and_for_each_without(
    triton: Triton, tmp_path: Path, request: pytest.FixtureRequest, store: str
) -> None:
    settings = {"FRAMEGATE_RATE_LIMIT": "5/day", "FRAMEGATE_WORKERS": "2"}
    if store == "redis":
        redis: Redis = request.getfixturevalue("redis")
        settings["FRAMEGATE_REDIS_URL"] = redis.url
    with Gateway(tmp_path / "gateway", triton_port=triton.http_port, **settings) as gateway:
        answers = [gateway.post(JPEG) for _ in range(40)]
        good = [answer.status_code for answer in answers].count(200)
        assert good == 5 if store == "redis" else 5 <= good <= 10
        refused = answers[-1]
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        wait_ms = refused.json()["retry_after_ms"]
        assert 0 < wait_ms <= 2 * 86_400_000
        assert int(refused.headers["Retry-After"]) == -(-wait_ms // 1000)
        assert gateway.get("/health").status_code == 200
        unread, _ = exchange(gateway, head("Content-Length: 100000"))
        assert unread.status == 429
        if store == "redis":
            redis.stop()
            assert [gateway.post(JPEG).status_code for _ in range(5)] == [200] * 5
            assert gateway.process.output.count("Redis is away") <= 2
            assert "Traceback" not in gateway.process.output


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("HOST", "0.0.0.0", "FRAMEGATE_HOST is 0.0.0.0, where anyone could call: name a file of "),
        ("API_KEYS_FILE", "missing", "FRAMEGATE_API_KEYS_FILE: missing cannot be read: "),
        ("RATE_LIMIT", "many", "FRAMEGATE_RATE_LIMIT: 'many' is not a rate such as 20/second"),
    ],
)
def test_a_gateway_that_cannot_guard_itself_does_not_start(
    tmp_path: Path, name: str, value: str, sentence: str
) -> None:
    gateway = Gateway(tmp_path, triton_port=9, **{f"FRAMEGATE_{name}": value})
    gateway.launch()
    try:
        assert gateway.process.popen.wait(30) != 0
        assert gateway.process.output.startswith(f"gateway: {sentence}")
        assert "Traceback" not in gateway.process.output
    finally:
        gateway.stop()
