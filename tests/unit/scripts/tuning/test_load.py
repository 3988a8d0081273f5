"""The closed loop against a small server on loopback."""

import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.tuning.frames import Input, Requests
from scripts.tuning.load import Connection, drive
from scripts.tuning.points import Load


class FrameServer(socketserver.ThreadingTCPServer):
    """Answers each request with `status`, and notes how many frames it had."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.hang_up = False
        self.seen: list[int] = []
        self.connections = 0
        self.answer = b'{"outputs":[]}'

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.server_address[:2]
        return str(host), int(port)


class _Handler(socketserver.StreamRequestHandler):
    server: FrameServer

    def handle(self) -> None:
        self.server.connections += 1
        while head := self._head():
            self.rfile.read(int(head["content-length"]))
            if self.server.hang_up:
                return
            head_bytes = int(head["inference-header-content-length"])
            self.server.seen.append((int(head["content-length"]) - head_bytes) // 4)
            answer = self.server.answer
            self.wfile.write(
                f"HTTP/1.1 {self.server.status} X\r\nContent-Type: x\r\n"
                f"Content-Length: {len(answer)}\r\n\r\n".encode()
            )
            self.wfile.write(answer)

    def _head(self) -> dict[str, str]:
        head = {}
        self.rfile.readline()
        while (line := self.rfile.readline().decode().strip()) != "":
            name, _, value = line.partition(": ")
            head[name.lower()] = value
        return head


@pytest.fixture
def server() -> Iterator[FrameServer]:
    with FrameServer() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def requests() -> Requests:
    return Requests("m", [Input("x", "FP32", (1,))], largest=8)


def run(server: FrameServer, requests: Requests, load: Load, **changes: Any) -> Any:
    options: dict[str, Any] = {
        "max_batch_size": 8,
        "warmup_s": 0.02,
        "duration_s": 0.1,
        "read": lambda: len(server.seen),
    }
    return drive(server.address, requests, load, **(options | changes))


def test_each_connection_sends_all_that_waits_on_it(
    server: FrameServer, requests: Requests
) -> None:
    driven = run(server, requests, Load(connections=4, frames=10))
    assert server.connections == 4
    assert set(server.seen) == {3, 2}
    assert driven.answers
    assert all(answer.ok for answer in driven.answers)
    assert {len(answer.latencies_ms) for answer in driven.answers} == {3, 2}


def test_no_request_is_larger_than_the_largest_batch(
    server: FrameServer, requests: Requests
) -> None:
    driven = run(server, requests, Load(connections=1, frames=5), max_batch_size=2)
    assert set(server.seen) == {2}
    # Five frames take turns in requests of two: most have waited for one answer, some for two.
    waited = [answer.at_s - since for answer in driven.answers for since in answer.waiting_since_s]
    assert max(waited) > min(waited)


def test_fewer_frames_than_connections_leave_connections_out(
    server: FrameServer, requests: Requests
) -> None:
    run(server, requests, Load(connections=4, frames=2))
    assert server.connections == 2


def test_only_what_is_answered_after_the_warm_up_counts(
    server: FrameServer, requests: Requests
) -> None:
    driven = run(server, requests, Load(1, 1), warmup_s=0.1)
    assert driven.before > 0
    # The reading and the clock are a moment apart on either side.
    assert abs(len(driven.answers) - (driven.after - driven.before)) <= 5
    assert len(driven.answers) < len(server.seen)


def test_refused_requests_are_counted(server: FrameServer, requests: Requests) -> None:
    server.status = 503
    driven = run(server, requests, Load(2, 2))
    assert driven.answers
    assert not any(answer.ok for answer in driven.answers)


def test_a_connection_that_breaks_in_the_warm_up_is_a_failure_too(
    server: FrameServer, requests: Requests
) -> None:
    server.hang_up = True
    driven = run(server, requests, Load(2, 2))
    assert [answer.ok for answer in driven.answers] == [False, False]


def test_an_answer_of_many_pieces_is_read_to_its_end(
    server: FrameServer, requests: Requests
) -> None:
    server.answer = b"x" * 1_000_000
    with Connection(*server.address) as connection:
        assert [connection.exchange(requests.parts(0, 1)) for _ in range(3)] == [200, 200, 200]


def test_an_interruption_ends_the_exchanges_under_way(
    server: FrameServer, requests: Requests
) -> None:
    def interrupt() -> int:
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        run(server, requests, Load(4, 8), read=interrupt)
    drivers = [one for one in threading.enumerate() if "_keep_busy" in one.name]
    assert drivers == []
    assert threading.active_count() <= before + 4  # the server's own threads may still be ending
