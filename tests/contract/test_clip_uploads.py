"""Clips through the gateway under gunicorn: as they come, and not further than they should."""

import hashlib
import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from backend.gateway.clips import MOST_UPLOADS
from tests.contract.clip_zoo import CLIP, Arrival, ClipZoo, clip_zoo
from tests.processes import Gateway, free_port, wait_until

PIECE = bytes(range(256)) * 256
MAX_BYTES = 150 * 2**20


@pytest.fixture(scope="module")
def zoo_port() -> int:
    return free_port()


@pytest.fixture
def zoo(zoo_port: int) -> Iterator[ClipZoo]:
    with clip_zoo(zoo_port) as server:
        yield server


@pytest.fixture(scope="module")
def gateway(zoo_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One worker before that zoo; no Triton is needed."""
    folder: Path = tmp_path_factory.mktemp("gateway")
    settings = {
        "FRAMEGATE_ENRICHMENT_PORT": str(zoo_port),
        "FRAMEGATE_WORKERS": "1",
        "FRAMEGATE_MAX_CLIP_BYTES": str(MAX_BYTES),
        "FRAMEGATE_BODY_TIMEOUT_S": "1.5",
    }
    with Gateway(folder, triton_port=free_port(), **settings) as gateway:
        yield gateway
        assert "Traceback" not in gateway.process.output


@contextmanager
def uploading(gateway: Gateway, size_bytes: int) -> Iterator[socket.socket]:
    """A connection on which a clip has been announced."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as connection:
        connection.sendall(
            b"POST /v1/clips?fps=2 HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\n"
            b"Content-Length: %d\r\n\r\n" % size_bytes
        )
        yield connection


def answer_on(connection: socket.socket) -> tuple[int, dict[str, object]]:
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response.status, json.loads(response.read())


def arrived(zoo: ClipZoo, at_least_bytes: int) -> Arrival:
    """The zoo's newest clip, once it has so much of it."""
    wait_until(
        lambda: bool(zoo.arrivals) and zoo.arrivals[-1].received_bytes >= at_least_bytes,
        what=f"the zoo has {at_least_bytes} bytes",
    )
    return zoo.arrivals[-1]


def worker_of(gateway: Gateway) -> psutil.Process:
    (worker,) = psutil.Process(gateway.process.popen.pid).children()
    return worker


def test_the_zoo_has_what_was_sent_before_the_caller_sends_the_rest(
    gateway: Gateway, zoo: ClipZoo
) -> None:
    with uploading(gateway, 2 * len(PIECE)) as connection:
        connection.sendall(PIECE)
        arrival = arrived(zoo, len(PIECE))
        assert not arrival.whole.is_set()
        connection.sendall(PIECE)
        assert answer_on(connection) == (201, {"id": CLIP})
    assert arrival.headers["content-length"] == str(2 * len(PIECE))
    assert arrival.headers["x-framegate-owner"] == "anonymous"


def test_a_large_clip_arrives_as_it_is_and_the_worker_does_not_grow_with_it(
    gateway: Gateway, zoo: ClipZoo
) -> None:
    def send(pieces: int) -> tuple[str, int]:
        """The digest of what was sent, and how much the worker held at most meanwhile."""
        digest, peak_bytes = hashlib.sha256(), 0
        with uploading(gateway, pieces * len(PIECE)) as connection:
            for number in range(pieces):
                connection.sendall(PIECE)
                digest.update(PIECE)
                if number % 16 == 0:
                    peak_bytes = max(peak_bytes, worker.memory_info().rss)
            assert answer_on(connection)[0] == 201
        return digest.hexdigest(), peak_bytes

    worker = worker_of(gateway)
    _, before_bytes = send(2)
    sent, peak_bytes = send(100 * 2**20 // len(PIECE))
    assert zoo.arrivals[-1].digest == sent
    assert peak_bytes - before_bytes < 20 * 2**20


def test_a_caller_that_stalls_is_408_and_the_zoo_is_rid_of_it(
    gateway: Gateway, zoo: ClipZoo
) -> None:
    with uploading(gateway, 2 * len(PIECE)) as connection:
        connection.sendall(PIECE)
        status, problem = answer_on(connection)
        assert (status, problem["code"]) == (408, "slow_body")
        assert zoo.arrivals[-1].broken.wait(10)
        # Where a next request would begin is not known any more.
        assert connection.recv(1) == b""


def test_a_caller_that_leaves_takes_the_clip_with_it(gateway: Gateway, zoo: ClipZoo) -> None:
    with uploading(gateway, 2 * len(PIECE)) as connection:
        connection.sendall(PIECE)
        arrival = arrived(zoo, len(PIECE))
    assert arrival.broken.wait(10)
    with uploading(gateway, 3) as connection:
        connection.sendall(b"abc")
        assert answer_on(connection)[0] == 201


def test_a_refusal_of_the_zoo_reaches_a_caller_that_is_still_sending(
    gateway: Gateway, zoo: ClipZoo
) -> None:
    zoo.refuse_after_bytes = len(PIECE)
    with uploading(gateway, MAX_BYTES) as connection:
        connection.sendall(PIECE)
        arrived(zoo, len(PIECE))
        connection.sendall(PIECE)
        status, problem = answer_on(connection)
    assert (status, problem["code"]) == (429, "clip_quota_exceeded")
    assert zoo.arrivals[-1].received_bytes < 10 * len(PIECE)


def test_a_zoo_that_dies_in_the_middle_is_503(gateway: Gateway, zoo: ClipZoo) -> None:
    zoo.leave_after_bytes = len(PIECE)
    with uploading(gateway, MAX_BYTES) as connection:
        connection.sendall(PIECE)
        arrived(zoo, len(PIECE))
        connection.sendall(PIECE)
        status, problem = answer_on(connection)
    assert (status, problem["code"]) == (503, "enrichment_unavailable")


def test_what_is_refused_unread_leaves_the_connection_fit_for_the_next_request(
    gateway: Gateway, zoo: ClipZoo
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    for kind, status in (("image/jpeg", 415), ("text/plain", 415), ("video/mp4", 201)):
        connection.request("POST", "/v1/clips", body=PIECE, headers={"Content-Type": kind})
        response = connection.getresponse()
        response.read()
        assert response.status == status
    connection.close()
    assert [arrival.received_bytes for arrival in zoo.arrivals] == [len(PIECE)]


def test_too_large_a_clip_is_refused_before_anything_of_it_was_sent(
    gateway: Gateway, zoo: ClipZoo
) -> None:
    with uploading(gateway, MAX_BYTES + 1) as connection:
        status, problem = answer_on(connection)
    assert (status, problem["code"]) == (413, "clip_too_large")
    assert problem["detail"] == (
        "The clip has 157,286,401 bytes and may have 157,286,400: send a shorter or smaller one."
    )
    assert zoo.arrivals == []


def test_a_large_clip_that_is_refused_costs_the_worker_no_more_than_one_that_is_kept(
    gateway: Gateway, zoo: ClipZoo
) -> None:
    def cost_s(kind: str, status: int) -> float:
        """Processor seconds of the worker for 48 MiB."""
        before = worker.cpu_times()
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=60)
        connection.request("POST", "/v1/clips", body=PIECE * 768, headers={"Content-Type": kind})
        assert connection.getresponse().status == status
        connection.close()
        after = worker.cpu_times()
        return float(after.user + after.system - before.user - before.system)

    worker = worker_of(gateway)
    kept_s = cost_s("video/mp4", 201)
    assert cost_s("image/jpeg", 415) < kept_s + 0.5


@pytest.mark.parametrize("length", [b"", b"Transfer-Encoding: chunked\r\n"])
def test_a_clip_of_no_announced_length_is_refused(
    gateway: Gateway, zoo: ClipZoo, length: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as connection:
        connection.sendall(
            b"POST /v1/clips HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\n" + length + b"\r\n"
        )
        status, problem = answer_on(connection)
    assert (status, problem["code"]) == (400, "malformed_request")
    assert zoo.arrivals == []


def test_as_many_clips_as_allowed_are_on_their_way_and_the_next_is_told_to_wait(
    gateway: Gateway, zoo: ClipZoo
) -> None:
    zoo.go.clear()
    waiting = []
    for number in range(1, MOST_UPLOADS + 1):
        with uploading(gateway, 3) as connection:
            connection.sendall(b"abc")
            waiting.append(connection.dup())
        wait_until(lambda n=number: len(zoo.arrivals) == n, what="it has arrived")  # type: ignore[misc]
    with uploading(gateway, 3) as connection:
        status, problem = answer_on(connection)
    assert (status, problem["code"]) == (503, "overloaded")
    zoo.go.set()
    for connection in waiting:
        connection.settimeout(20)
        with connection:
            assert answer_on(connection)[0] == 201
