"""A server that speaks as much of the v2 protocol as a test of a fault needs.

Its model reads a number out of each frame, so that an answer tells whose it is.
"""

import json
import mmap
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import gevent
import numpy as np
from numpy.typing import NDArray

FRAME_BYTES = 8
CONFIG: dict[str, Any] = {
    "name": "m",
    "max_batch_size": 4,
    "input": [{"name": "image", "data_type": "TYPE_UINT8", "dims": [str(FRAME_BYTES)]}],
}
VERSION = "3"
# What requests about shared memory must show.
TOKEN = "among us"
REGIONS = "/v2/systemsharedmemory/"


class Asked(NamedTuple):
    """Header names are lower-case."""

    path: str
    body: bytes
    headers: Mapping[str, str]
    method: str = "GET"

    @property
    def document(self) -> Any:
        return json.loads(self.body[: int(self.headers.get(LENGTH, len(self.body)))])


class Reply(NamedTuple):
    status: int
    body: bytes
    headers: Mapping[str, str] = {}


# Bytes are written as they are; None closes the connection without any.
Answer = Reply | bytes | None
LENGTH = "inference-header-content-length"


class V2Server(ThreadingHTTPServer):
    """One model, and the shared memory of its clients.

    Attributes:
        asked: every request, in order.
        batches: the numbers in each batch that the model was given.
        connections: how many there have been.
        go: an inference is answered only when it is set; at first it is.
        config: answers a request for the configuration.
        infer: answers an inference: the numbers of its frames come in.
        regions: what is registered, by name.
        in_use: whether the server refuses to let go of them.
    """

    daemon_threads = False

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.asked: list[Asked] = []
        self.batches: list[list[int]] = []
        self.connections = 0
        self.go = threading.Event()
        self.go.set()
        self.config: Callable[[], Answer] = lambda: as_json(CONFIG)
        self.infer: Callable[[list[int]], Answer] = rows
        self.regions: dict[str, mmap.mmap] = {}
        self.in_use = False
        self.open: set[socket.socket] = set()

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.server_address[1])

    def paths(self, part: str = "") -> list[str]:
        return [asked.path for asked in self.asked if part in asked.path]

    def hang_up(self) -> None:
        """Close every connection, as a server does with idle ones."""
        for connection in list(self.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def vanish(self) -> None:
        """Listen no more, and close every connection."""
        self.shutdown()
        self.socket.close()
        self.hang_up()

    def reply(self, asked: Asked) -> Answer:
        if asked.path.endswith("/config"):
            return self.config()
        if asked.path.startswith(REGIONS):
            return self._shared_memory(asked)
        frames = self._frames(asked)
        if isinstance(frames, Reply):
            return frames
        numbers = [int.from_bytes(frame.tobytes(), "little") for frame in frames]
        self.batches.append(numbers)
        self.go.wait(10)
        return self.infer(numbers)

    def _frames(self, asked: Asked) -> NDArray[np.uint8] | Reply:
        (tensor,) = asked.document["inputs"]
        name = tensor["parameters"].get("shared_memory_region")
        if name is None:
            data = asked.body[int(asked.headers[LENGTH]) :]
        elif name not in self.regions:
            return refusal(400, f"Unable to find shared memory region: '{name}'")
        else:
            size = tensor["parameters"]["shared_memory_byte_size"]
            data = self.regions[name][:size]
        return np.frombuffer(data, np.uint8).reshape(tensor["shape"])

    def _shared_memory(self, asked: Asked) -> Reply:
        if asked.headers.get("triton-shared-memory") != TOKEN:
            return refusal(403, "This API is restricted")
        path = asked.path.removeprefix(REGIONS)
        if path == "status":
            return as_json([{"name": name, "key": f"/{name}"} for name in self.regions])
        _, name, verb = path.split("/")
        if verb == "unregister":
            if self.in_use:
                return refusal(
                    400, f"Cannot unregister shared memory region '{name}', it is currently in use."
                )
            self.regions.pop(name, None)
            return Reply(200, b"")
        with Path("/dev/shm", asked.document["key"].removeprefix("/")).open("rb") as file:
            self.regions[name] = mmap.mmap(
                file.fileno(), asked.document["byte_size"], access=mmap.ACCESS_READ
            )
        return Reply(200, b"")


Server = TypeVar("Server", bound=V2Server)


class _Handler(BaseHTTPRequestHandler):
    server: V2Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.path, body, headers, self.command)
        self.server.asked.append(asked)
        reply = self.server.reply(asked)
        if not isinstance(reply, Reply):
            self.close_connection = True
            self.wfile.write(reply or b"")
            return
        self.send_response(reply.status)
        for name, value in {"Content-Length": len(reply.body), **reply.headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(reply.body)

    def do_POST(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        pass


def as_json(document: object) -> Reply:
    return Reply(200, json.dumps(document).encode())


def refusal(status: int, words: str) -> Reply:
    return Reply(status, json.dumps({"error": words}).encode())


def rows(numbers: list[int]) -> Reply:
    """For each frame its number as the score, in binary, and twice and thrice it as measures."""
    scores = np.array(numbers, np.float64).tobytes()
    document = {
        "model_name": "m",
        "model_version": VERSION,
        "outputs": [
            {"name": "score", "datatype": "FP64", "shape": [len(numbers), 1],
             "parameters": {"binary_data_size": len(scores)}},
            {"name": "measures", "datatype": "FP64", "shape": [len(numbers), 2],
             "data": [value for number in numbers for value in (2 * number, 3 * number)]},
        ],
    }  # fmt: skip
    head = json.dumps(document).encode()
    return Reply(200, head + scores, {"Inference-Header-Content-Length": str(len(head))})


def pixels(number: int) -> NDArray[np.uint8]:
    """A frame with a number in it."""
    return np.frombuffer(number.to_bytes(FRAME_BYTES, "little"), np.uint8)


@contextmanager
def v2_server(*, port: int = 0) -> Iterator[V2Server]:
    with serving(V2Server(port)) as server:
        yield server


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """The server in a thread of its own."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.go.set()
        server.shutdown()
        thread.join()
        server.hang_up()
        server.server_close()


def until(condition: Callable[[], object], what: str) -> None:
    """Let the greenlets of this thread run until `condition` holds."""
    with gevent.Timeout(20, AssertionError(f"still not so: {what}")):
        while not condition():
            gevent.sleep(0.002)
