"""What a live gateway writes: JSON lines from its first to its last, whatever it is sent."""

import contextlib
import json
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from scripts import certs
from tests.pictures import ASTRONAUT
from tests.processes import Gateway, free_port, wait_until

HOSTILE = (
    b'GET /health/live HTTP/1.1\r\nHost: x\r\nX-Request-Id: a"}\x85{"level": "forged\r\n',
    b'GET /a%0a{"level":"forged"}?key=forged HTTP/1.1\r\nHost: x\r\n',
    b'{"FORGED":1} / HTTP/1.1\r\nHost: x\r\n',
    b"FORGED /health/live HTTP/1.1\r\nHost: x\r\n",
    b'GET / HTTP/1.1\r\nHost: x\r\n{"level": "forged"}\r\n',
    b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n",
    b"\x16\x03\x01 this is no HTTP\r\n",
)


def lines(gateway: Gateway) -> list[dict[str, Any]]:
    """Every line parsed, as strictly as any reader of logs would."""
    parsed = [json.loads(line) for line in gateway.process.output.splitlines()]
    for line in parsed:
        assert {"time", "level", "logger"} <= set(line)
    return parsed


def send(gateway: Gateway, head: bytes) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        connection.sendall(head + b"Connection: close\r\n\r\n")
        connection.makefile("rb").read()


@pytest.fixture
def own_gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path, triton_port=free_port())


def test_a_request_is_found_by_the_id_its_caller_sent(own_gateway: Gateway) -> None:
    with own_gateway:
        own_gateway.post(ASTRONAUT.read_bytes(), **{"X-Request-Id": "camera-7"})
    warning, access = [line for line in lines(own_gateway) if line.get("request_id") == "camera-7"]
    assert (warning["level"], warning["code"]) == ("warning", "triton_unavailable")
    assert warning["message"] == "triton_unavailable: Triton cannot be reached."
    assert (access["route"], access["status"], access["code"]) == (
        "/v1/quality",
        503,
        "triton_unavailable",
    )
    assert access["body_bytes"] == ASTRONAUT.stat().st_size


def test_nothing_a_caller_sends_forges_a_line(own_gateway: Gateway) -> None:
    with own_gateway:
        for head in HOSTILE:
            send(own_gateway, head)
        assert own_gateway.get("/health/live").status_code == 200
    written = lines(own_gateway)
    assert {line["level"] for line in written} <= {"info", "warning"}
    accesses = [line for line in written if line["logger"] == "framegate.access"]
    assert {line["route"] for line in accesses} == {"/health/live", "unknown"}
    assert "FORGED" not in json.dumps(accesses).upper()


def test_callers_that_do_not_speak_tls_are_a_line_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("missing: openssl (Debian: openssl)")
    monkeypatch.setattr(certs, "FOLDER", tmp_path)
    monkeypatch.setattr("sys.argv", ["certs"])
    assert certs.main() == 0
    pair = {
        "FRAMEGATE_TLS_CERT": str(tmp_path / "cert.pem"),
        "FRAMEGATE_TLS_KEY": str(tmp_path / "key.pem"),
    }
    with Gateway(tmp_path / "gateway", triton_port=free_port(), **pair) as gateway:
        for head in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b""):
            with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
                connection.sendall(head)
                connection.shutdown(socket.SHUT_WR)
                with contextlib.suppress(ConnectionResetError):
                    connection.makefile("rb").read()
        wait_until(lambda: gateway.process.output.count("does not speak TLS") == 3)
    strays = [line for line in lines(gateway) if "TLS" in line.get("message", "")]
    assert [line["level"] for line in strays] == ["info"] * 3


def test_from_warning_up_there_are_no_lines_of_requests(tmp_path: Path) -> None:
    with Gateway(tmp_path, triton_port=free_port(), FRAMEGATE_LOG_LEVEL="warning") as gateway:
        gateway.get("/health/ready")
    assert {line["level"] for line in lines(gateway)} == {"warning"}
