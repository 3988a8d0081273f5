"""The load generator before small real servers: what it sends, counts and does not wait for."""

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.answers import judge_scores
from benchmarks.http_wire import post
from benchmarks.load import closed_loop, open_loop
from benchmarks.processes import free_port

PICTURES = [post("/", body, "image/jpeg") for body in (b"0.25", b"0.75")]
JUDGE = judge_scores([0.25, 0.75])


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


class Echo(BaseHTTPRequestHandler):
    """Answers with the score that the body names."""

    protocol_version = "HTTP/1.1"
    delay_s = 0.0
    status = 200

    def do_POST(self) -> None:
        score = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.delay_s)
        body = b'{"score":%s}' % score
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class OncePerConnection(Echo):
    protocol_version = "HTTP/1.0"


class Failing(Echo):
    status = 500


def test_a_closed_loop_keeps_every_connection_busy_and_finds_nothing_wrong() -> None:
    class Counting(Echo):
        connections = 0

        def setup(self) -> None:
            type(self).connections += 1
            super().setup()

    with serving(Counting) as port:
        load = closed_loop(port, PICTURES, JUDGE, connections=3, seconds=0.3)
    assert Counting.connections == 3
    assert len(load.answers) == load.sent > 3
    assert {(answer.status, answer.fault) for answer in load.answers} == {(200, None)}
    assert all(0 < answer.latency_ms < 10_000 for answer in load.answers)


def test_a_server_that_closes_its_connections_is_connected_to_again() -> None:
    with serving(OncePerConnection) as port:
        load = closed_loop(port, PICTURES, JUDGE, connections=2, seconds=0.3)
    assert load.sent > 2
    assert {(answer.status, answer.fault) for answer in load.answers} == {(200, None)}


def test_a_wrong_expectation_is_counted_answer_by_answer() -> None:
    swapped = judge_scores([0.75, 0.25])
    with serving(Echo) as port:
        load = closed_loop(port, PICTURES, swapped, connections=1, seconds=0.2)
    assert {answer.fault for answer in load.answers} == {"wrong score"}


def test_errors_are_answers_too() -> None:
    with serving(Failing) as port:
        load = closed_loop(port, PICTURES, JUDGE, connections=1, seconds=0.1)
    assert {answer.status for answer in load.answers} == {500}


def test_nobody_listening_is_no_answer() -> None:
    load = open_loop(free_port(), PICTURES, JUDGE, [0.0, 0.01], most_connections=5)
    assert [(answer.status, answer.fault) for answer in load.answers] == [(None, "no answer")] * 2


def test_an_open_loop_sends_on_time_whether_or_not_answers_come() -> None:
    class Slow(Echo):
        delay_s = 0.3

    with serving(Slow) as port:
        load = open_loop(
            port, PICTURES, JUDGE, [place * 0.02 for place in range(10)], most_connections=10
        )
    assert load.sent == 10
    # All were under way at once: one after the other would have taken ten times as long.
    assert max(answer.finished_s for answer in load.answers) < 10 * Slow.delay_s
    assert all(answer.latency_ms >= Slow.delay_s * 1000 for answer in load.answers)
    assert all(late >= 0 for late in load.lateness_ms)


def test_waiting_for_a_free_connection_counts_and_ends() -> None:
    class Slow(Echo):
        delay_s = 0.4

    with serving(Slow) as port:
        load = open_loop(port, PICTURES, JUDGE, [0.0, 0.01, 0.02], most_connections=1)
    # The second waited for the first; the third waited longer than anything may, and was not sent.
    assert load.sent == 2
    first, second = sorted(answer.latency_ms for answer in load.answers)
    assert second >= first + (Slow.delay_s - 0.02) * 1000


def test_a_connection_that_breaks_half_way_is_no_answer(half_port: int) -> None:
    load = open_loop(half_port, PICTURES, JUDGE, [0.0], most_connections=1)
    assert [answer.fault for answer in load.answers] == ["no answer"]


@pytest.fixture
def half_port() -> Iterator[int]:
    """A server that announces more than it sends."""

    class Half(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.request.recv(1000)
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    with socketserver.TCPServer(("127.0.0.1", 0), Half) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield int(server.server_address[1])
        thread.join()
