"""A closed loop of frames over keep-alive connections, made to cost little beside the server."""

import contextlib
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from scripts.tuning.frames import Requests
from scripts.tuning.points import Load

TIMEOUT_S = 30
_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """One request: when it was answered, and since when each of its frames had waited."""

    at_s: float
    waiting_since_s: tuple[float, ...]
    ok: bool

    @property
    def latencies_ms(self) -> list[float]:
        return [(self.at_s - since_s) * 1000 for since_s in self.waiting_since_s]


@dataclass(frozen=True)
class Drive(Generic[T]):
    """What came back while the load was steady, and two readings from its begin and end."""

    answers: list[Answer]
    elapsed_s: float
    before: T
    after: T


class Connection:
    """HTTP/1.1 as far as Triton's answers need it; several times cheaper than http.client."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self, parts: "list[bytes | memoryview]") -> int:
        """Send one request and read its answer; returns the status.

        Raises:
            OSError: the connection broke or was silent for TIMEOUT_S.
        """
        for part in parts:
            self._socket.sendall(part)
        received = bytearray()
        while (head_end := received.find(b"\r\n\r\n")) < 0:
            received += self._receive()
        head = bytes(received[:head_end])
        length = _CONTENT_LENGTH.search(head)
        missing = head_end + 4 + (int(length[1]) if length else 0) - len(received)
        while missing > 0:
            missing -= len(self._receive())
        return int(head[9:12])

    def _receive(self) -> bytes:
        data = self._socket.recv(1 << 16)
        if not data:
            raise ConnectionResetError("the server closed the connection")
        return data

    def abort(self) -> None:
        """End an exchange in another thread, too."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()


def drive(
    address: tuple[str, int],
    requests: Requests,
    load: Load,
    *,
    max_batch_size: int,
    warmup_s: float,
    duration_s: float,
    read: Callable[[], T],
) -> Drive[T]:
    """Keep `load` up; returns what was answered in the `duration_s` after the warm-up."""
    stop = threading.Event()
    answers: list[Answer] = []
    with contextlib.ExitStack() as cleanup:
        connections = [cleanup.enter_context(Connection(*address)) for _ in load.shares]
        threads = [
            threading.Thread(
                target=_keep_busy,
                args=(connection, requests, index, share, max_batch_size, stop, answers),
                daemon=True,
            )
            for index, (connection, share) in enumerate(zip(connections, load.shares, strict=True))
        ]
        try:
            for thread in threads:
                thread.start()
            time.sleep(warmup_s)
            before, started_s = read(), time.monotonic()
            time.sleep(duration_s)
            after, ended_s = read(), time.monotonic()
            stop.set()
        except BaseException:
            stop.set()
            for connection in connections:
                connection.abort()
            raise
        finally:
            for thread in threads:
                if thread.ident is not None:
                    thread.join()
    steady = [answer for answer in answers if started_s <= answer.at_s <= ended_s]
    broken = [answer for answer in answers if not answer.ok and answer not in steady]
    return Drive(steady + broken, ended_s - started_s, before, after)


def _keep_busy(
    connection: Connection,
    requests: Requests,
    first: int,
    share: int,
    max_batch_size: int,
    stop: threading.Event,
    answers: list[Answer],
) -> None:
    """A frame that is answered waits again at once; what waits goes out together."""
    waiting = deque([time.monotonic()] * share)
    while not stop.is_set():
        sent = tuple(waiting.popleft() for _ in range(min(len(waiting), max_batch_size)))
        try:
            ok = connection.exchange(requests.parts(first, len(sent))) == 200
        except OSError:
            answers.append(Answer(time.monotonic(), sent, ok=False))
            return
        now_s = time.monotonic()
        answers.append(Answer(now_s, sent, ok))
        waiting.extend([now_s] * len(sent))
        first += len(sent)
