"""A local gateway that counts, and the load tester as the process it is in real life."""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.processes import STAGES_ALONE

ROOT = Path(__file__).resolve().parents[3]
LOADTEST = (sys.executable, "-m", "loadtest")
GOOD_BODY = {
    "score": 0.75,
    "measures": {},
    "model": {"name": "capture_quality", "version": "1", "variant": "measures-v1"},
    "timing_ms": {"decode": 0.5, "preprocess": 0.4, "triton": 6.25, "total": 7.4},
}


class CountingGateway(ThreadingHTTPServer):
    """Remembers when each frame came and whether it was a JPEG."""

    daemon_threads = False

    def __init__(self, body: bytes, health_status: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.body = body
        self.health_status = health_status
        self.arrivals_s: list[float] = []
        self.pictures: set[bytes] = set()
        self.authorizations: set[str | None] = set()
        self.content_types: set[str | None] = set()
        self.paths: set[str] = set()
        self.answering = threading.Event()
        self.answering.set()
        self.arrived = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def wait_for_frames(self, count: int, *, within_s: float) -> None:
        with self.arrived:
            came = self.arrived.wait_for(lambda: len(self.arrivals_s) >= count, within_s)
        assert came, f"{len(self.arrivals_s)} of {count} frames within {within_s} s"

    def arrivals_between(self, from_s: float, to_s: float) -> int:
        return sum(from_s <= at_s < to_s for at_s in self.arrivals_s)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CountingGateway

    def do_GET(self) -> None:
        self._answer(self.server.health_status, b"{}")

    def do_POST(self) -> None:
        assert self.path in ("/v1/quality", "/v1/quality?face=auto")
        frame = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.arrived:
            self.server.arrivals_s.append(time.time())
            self.server.pictures.add(frame)
            self.server.authorizations.add(self.headers["Authorization"])
            self.server.paths.add(self.path)
            self.server.content_types.add(self.headers["Content-Type"])
            self.server.arrived.notify_all()
        self.server.answering.wait()
        self._answer(200, self.server.body)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def start_gateway() -> Iterator[Callable[..., CountingGateway]]:
    started: list[tuple[CountingGateway, threading.Thread]] = []

    def start(
        body: bytes = json.dumps(GOOD_BODY).encode(), health_status: int = 200
    ) -> CountingGateway:
        gateway = CountingGateway(body, health_status)
        thread = threading.Thread(target=gateway.serve_forever, args=(0.05,))
        thread.start()
        started.append((gateway, thread))
        return gateway

    yield start
    for gateway, thread in started:
        gateway.answering.set()
        gateway.shutdown()
        thread.join()
        gateway.server_close()


@pytest.fixture
def loadtest_process(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `python -m loadtest` with a proxy in the environment that nobody listens on."""
    running: list[subprocess.Popen[str]] = []

    def start(
        *arguments: str, program: Sequence[str] = LOADTEST, **settings: str
    ) -> subprocess.Popen[str]:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("FRAMEGATE_", "LOCUST_")) and name.lower() != "no_proxy"
        }
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            environment[name] = "http://127.0.0.1:9"
        environment |= STAGES_ALONE | settings
        process = subprocess.Popen(
            [*program, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def closed_port() -> int:
    """A port that was free a moment ago."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    port = server.server_address[1]
    server.server_close()
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", port).connect()
    return port
