"""What a server is asked before it is told to stop."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.processes import free_port
from triton_runtime import drain

INDEX = [
    {"name": "never-loaded"},
    {"name": "one", "version": "1", "state": "READY"},
    {"name": "gone", "version": "1", "state": "UNAVAILABLE", "reason": "unloaded"},
    {"name": "an/other", "version": "3", "state": "READY"},
]


class Control(ThreadingHTTPServer):
    """Model control that keeps what it was asked."""

    daemon_threads = True
    # So that shutting down does not wait for an answer that hangs.
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str | None]] = []
        self.index = json.dumps(INDEX).encode()
        self.status = 200
        self.hangs = threading.Event()
        self.hangs.set()


class Handler(BaseHTTPRequestHandler):
    server: Control

    def do_POST(self) -> None:
        self.server.asked.append((self.path, self.headers["triton-control"]))
        self.server.hangs.wait(30)
        body = self.server.index if self.path.endswith("/index") else b""
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def control() -> Iterator[Control]:
    with Control() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.hangs.set()
        server.shutdown()


def unload_all(port: int) -> None:
    drain.unload_all("127.0.0.1", port, header="triton-control", token="hush")


def test_every_model_that_is_ready_is_unloaded(control: Control) -> None:
    unload_all(control.server_port)
    assert control.asked == [
        ("/v2/repository/index", "hush"),
        ("/v2/repository/models/one/unload", "hush"),
        ("/v2/repository/models/an%2Fother/unload", "hush"),
    ]


@pytest.mark.parametrize(("index", "status"), [(b"not JSON", 200), (b"[]", 200), (b"", 403)])
def test_a_server_that_does_not_say_what_it_has_is_left_alone(
    control: Control, index: bytes, status: int
) -> None:
    control.index, control.status = index, status
    unload_all(control.server_port)
    assert [path for path, _ in control.asked] == ["/v2/repository/index"]


def test_where_nobody_answers_nothing_is_raised() -> None:
    unload_all(free_port())


def test_a_server_that_hangs_is_not_waited_for(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "TIMEOUT_S", 0.1)
    control.hangs.clear()
    started_s = time.monotonic()
    unload_all(control.server_port)
    assert time.monotonic() - started_s < 10
    assert len(control.asked) == 1
