"""`python -m benchmarks.loadgen.server PORT`: takes any POST and gives a good answer at once.

It does next to nothing, so that what is measured is who sends.
"""

import asyncio
import json
import resource
import sys

from benchmarks.http_wire import answer_bytes
from benchmarks.processes import HOST

_ANSWER = answer_bytes(
    json.dumps(
        {
            "score": 0.75,
            "measures": {},
            "model": {"name": "none", "version": "1", "variant": "none"},
            "timing_ms": {"decode": 0.5, "preprocess": 0.4, "triton": 6.25, "total": 7.4},
        }
    ).encode()
)
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Counters:
    """Since the server began; open connections are those of now."""

    def __init__(self) -> None:
        self.frames = 0
        self.connections = 0
        self.opened = 0

    def answer(self) -> bytes:
        return answer_bytes(json.dumps(vars(self)).encode())


class Answerer(asyncio.Protocol):
    """One connection. GET answers with the counters, POST with a score."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._missing_bytes = 0
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._counters.connections += 1
        self._counters.opened += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self._counters.connections -= 1

    def data_received(self, data: bytes) -> None:
        if self._missing_bytes:
            self._body(len(data))
            return
        self._head += data
        end = self._head.find(_END_OF_HEAD)
        if end < 0:
            return
        head, rest_bytes = self._head[:end], len(self._head) - end - len(_END_OF_HEAD)
        self._head = b""
        if head.startswith(b"GET"):
            self._transport.write(self._counters.answer())
            return
        lines = head.lower().splitlines()
        (length,) = (line[len(_LENGTH) :] for line in lines if line.startswith(_LENGTH))
        self._missing_bytes = int(length)
        self._body(rest_bytes)

    def _body(self, received_bytes: int) -> None:
        self._missing_bytes -= received_bytes
        if self._missing_bytes == 0:
            self._counters.frames += 1
            self._transport.write(_ANSWER)


async def serve(port: int) -> None:
    counters = Counters()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answerer(counters), HOST, port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    asyncio.run(serve(int(sys.argv[1])))
