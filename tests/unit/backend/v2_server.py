"""A server that speaks as much of the v2 protocol as a test of a fault needs."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

CONFIG = {"name": "m", "input": [{"name": "image", "dims": ["8", "8", "3"]}]}
ANSWER = {
    "model_name": "m",
    "model_version": "3",
    "outputs": [
        {"name": "score", "datatype": "FP32", "shape": [1, 1], "data": [0.5]},
        {"name": "measures", "datatype": "FP32", "shape": [1, 2], "data": [7.0, 9.0]},
    ],
}


class Asked(NamedTuple):
    path: str
    body: bytes
    headers: Mapping[str, str]


class V2Server(ThreadingHTTPServer):
    """Answers every request alike and remembers what it was asked.

    Attributes:
        status: of every answer; None closes the connection without one.
        answer: the body of every answer.
        go: an answer waits for it; set at first.
    """

    daemon_threads = False

    def __init__(self, answer: object, status: int | None = 200) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.status = status
        self.asked: list[Asked] = []
        self.go = threading.Event()
        self.go.set()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: V2Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(Asked(self.path, body, dict(self.headers)))
        self.server.go.wait(10)
        if self.server.status is None:
            return
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def v2_server(answer: object = CONFIG, status: int | None = 200) -> Iterator[V2Server]:
    server = V2Server(answer, status)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.go.set()
        server.shutdown()
        thread.join()
        server.server_close()
