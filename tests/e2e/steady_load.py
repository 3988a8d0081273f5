"""Callers that never retry, and what became of what they sent."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

PAUSE_S = 0.03


@dataclass
class Tally:
    """Of one caller, or of all.

    Attributes:
        lost: what came instead of an answer of status 200, each with how often.
        longest_s: from the sending of a request to its answer.
    """

    sent: int = 0
    connections: int = 0
    longest_s: float = 0.0
    lost: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.sent + other.sent,
            self.connections + other.connections,
            max(self.longest_s, other.longest_s),
            self.lost + other.lost,
        )


class SteadyLoad:
    """Posts one picture again and again, over as many connections as there are callers.

    Args:
        port: asked for whenever a caller connects.
        keep_alive: each goes on with its connection; else each request has one of its own.
    """

    def __init__(
        self, port: Callable[[], int], body: bytes, *, callers: int, keep_alive: bool
    ) -> None:
        self._port = port
        self._body = body
        self._keep_alive = keep_alive
        self._enough = threading.Event()
        self._tallies = [Tally() for _ in range(callers)]
        self._threads = [threading.Thread(target=self._call, args=(t,)) for t in self._tallies]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def tally(self) -> Tally:
        return sum(self._tallies, Tally())

    def _call(self, tally: Tally) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", timeout=30)
        while not self._enough.wait(PAUSE_S):
            if connection.sock is None:
                connection.port = self._port()
                tally.connections += 1
            tally.sent += 1
            started_s = time.monotonic()
            try:
                connection.request(
                    "POST", "/v1/quality", self._body, {"Content-Type": "image/jpeg"}
                )
                answer = connection.getresponse()
                text = answer.read()
                if answer.status != 200:
                    tally.lost[f"{answer.status} {text[:200].decode(errors='replace')}"] += 1
            except (OSError, http.client.HTTPException) as error:
                tally.lost[repr(error)] += 1
                connection.close()
            tally.longest_s = max(tally.longest_s, time.monotonic() - started_s)
            if not self._keep_alive:
                connection.close()
        connection.close()
