"""A zoo that notes the bytes of clips as they arrive."""

import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer

CLIP = "aCWz-ek37kaFg4_pT0bKRg"
END_OF_HEAD = b"\r\n\r\n"


@dataclass
class Arrival:
    """
    Attributes:
        received_bytes: of the body, so far.
        whole: set when all of it is there.
        broken: set when the connection ended before.
    """

    headers: dict[str, str]
    received_bytes: int = 0
    whole: threading.Event = field(default_factory=threading.Event)
    broken: threading.Event = field(default_factory=threading.Event)
    digest: str = ""


class ClipZoo(ThreadingTCPServer):
    """
    Attributes:
        refuse_after_bytes: of a body; then it is refused, and what follows is not read.
        leave_after_bytes: of a body; then the connection is closed.
        go: clips are answered only when it is set; at first it is.
    """

    daemon_threads = False
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.arrivals: list[Arrival] = []
        self.refuse_after_bytes: int | None = None
        self.leave_after_bytes: int | None = None
        self.go = threading.Event()
        self.go.set()
        self.ended = threading.Event()


class _Handler(BaseRequestHandler):
    server: ClipZoo
    request: socket.socket

    def handle(self) -> None:
        self.request.settimeout(0.05)
        with contextlib.suppress(ConnectionError, StopIteration):
            while True:
                self._serve()

    def _serve(self) -> None:
        data = b""
        while END_OF_HEAD not in data:
            data += self._receive()
        head, _, body = data.partition(END_OF_HEAD)
        lines = (line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        arrival = Arrival({name.lower(): value for name, value in lines})
        self.server.arrivals.append(arrival)
        digest, size_bytes = hashlib.sha256(), int(arrival.headers["content-length"])
        while True:
            digest.update(body)
            arrival.received_bytes += len(body)
            if arrival.received_bytes >= size_bytes:
                break
            if _reached(self.server.leave_after_bytes, arrival):
                raise StopIteration
            if _reached(self.server.refuse_after_bytes, arrival):
                self._answer(429, {"status": 429, "code": "clip_quota_exceeded", "detail": "Full."})
                self.server.ended.wait(30)
                raise StopIteration
            try:
                body = self._receive()
            except (ConnectionError, StopIteration):
                arrival.broken.set()
                raise
        arrival.digest = digest.hexdigest()
        arrival.whole.set()
        self.server.go.wait(30)
        self._answer(201, {"id": CLIP})

    def _receive(self) -> bytes:
        while not self.server.ended.is_set():
            with contextlib.suppress(TimeoutError):
                data = self.request.recv(65536)
                if not data:
                    break
                return data
        raise StopIteration

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        kind = "application/json" if status < 300 else "application/problem+json"
        head = f"HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.request.sendall(head.encode() + body)


def _reached(limit: int | None, arrival: Arrival) -> bool:
    return limit is not None and arrival.received_bytes >= limit


@contextmanager
def clip_zoo(port: int) -> Iterator[ClipZoo]:
    with ClipZoo(port) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.go.set()
            server.ended.set()
            server.shutdown()
            thread.join()
