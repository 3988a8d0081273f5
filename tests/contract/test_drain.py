"""A gateway that is told to stop, seen by those who call it without anything in between."""

import http.client
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.pictures import astronaut, encode
from tests.processes import Gateway, Triton, wait_until

pytestmark = pytest.mark.triton
JPEG = encode(astronaut((352, 352)), "JPEG")
HEAD = {"Content-Type": "image/jpeg"}
# Longer than the steps of a test take on a slow machine; what waits for its end waits for this.
DRAIN_S = 5


@pytest.fixture
def gateway(triton: Triton, tmp_path: Path) -> Iterator[Gateway]:
    settings = {"FRAMEGATE_DRAIN_S": str(DRAIN_S), "FRAMEGATE_TRITON_TIMEOUT_MS": "15000"}
    server = Gateway(tmp_path, triton_port=triton.http_port, **settings)
    with server:
        yield server


def post(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
    connection.request("POST", "/v1/quality", JPEG, HEAD)
    answer = connection.getresponse()
    answer.read()
    return answer


def connected(gateway: Gateway) -> "closing[http.client.HTTPConnection]":
    return closing(http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30))


def test_a_gateway_told_to_stop_is_not_ready_and_answers_until_the_drain_is_over(
    gateway: Gateway,
) -> None:
    with connected(gateway) as lasting:
        before = post(lasting)
        assert (before.status, before.headers["Connection"]) == (200, "keep-alive")
        gateway.process.popen.send_signal(signal.SIGTERM)
        wait_until(lambda: gateway.get("/health/ready").status_code == 503, what="not ready")
        assert gateway.get("/health/ready").json()["code"] == "draining"
        # Who holds a connection gets this answer over it, and is told to make another one.
        within = post(lasting)
    assert (within.status, within.headers["Connection"]) == (200, "close")
    # Who has none may still make one.
    assert gateway.post(JPEG).status_code == 200
    assert gateway.get("/health/live").status_code == 200
    assert gateway.process.popen.wait(DRAIN_S + 20) == 0


def test_what_was_begun_before_the_gateway_takes_no_more_is_finished(gateway: Gateway) -> None:
    with connected(gateway) as slow:
        slow.putrequest("POST", "/v1/quality")
        slow.putheader("Content-Type", "image/jpeg")
        slow.putheader("Content-Length", str(len(JPEG)))
        slow.endheaders(JPEG[:100])
        gateway.process.popen.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses(gateway.port), what="it takes no more", timeout_s=DRAIN_S + 20)
        slow.send(JPEG[100:])
        answer = slow.getresponse()
        answer.read()
    assert answer.status == 200
    assert gateway.process.popen.wait(20) == 0


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False
