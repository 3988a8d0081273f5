"""The load: as many requests at a time as there are connections, or as many a second as planned.

One process, one thread: the generator shares the cores with what it measures.
"""

import itertools
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.connections import Connections, Request
from benchmarks.http_wire import Response

# How long answers may take that are still awaited when the sending has ended.
DRAIN_S = 10.0
# How late a planned request may still go out.
PATIENCE_S = 0.5
_SENDS_BETWEEN_READS = 8


class Answer(NamedTuple):
    """One request and how it ended.

    Attributes:
        began_s: when it was sent, or planned to be, since the load began.
        finished_s: since the load began.
        latency_ms: since it was sent, or since it was planned to be.
        status: None where no answer came.
        fault: what is wrong with the answer.
    """

    began_s: float
    finished_s: float
    latency_ms: float
    status: int | None
    fault: str | None


@dataclass(frozen=True)
class Load:
    """What came of one load. Times are seconds.

    Attributes:
        seconds: for how long requests were begun.
        cpu_s: what the generator itself used.
        sent: requests that went out.
        lateness_ms: of an open loop, how long after its planned time each request went out.
    """

    answers: list[Answer]
    seconds: float
    cpu_s: float
    sent: int
    lateness_ms: list[float]


# The picture's number and the answer → what is wrong with it.
Judge = Callable[[int, Response], str | None]


def closed_loop(
    port: int, requests: Sequence[bytes], judge: Judge, *, connections: int, seconds: float
) -> Load:
    """Each connection sends the next picture as soon as it has its answer."""
    turn = itertools.count()
    record = _Record(judge)

    def send(now_s: float) -> None:
        picture = next(turn) % len(requests)
        under_way.send(Request(requests[picture], picture, now_s))

    with Connections(port) as under_way:
        for _ in range(connections):
            send(time.perf_counter())
        while under_way.busy:
            for request, response in under_way.wait(1.0):
                now_s = record.add(request, response)
                if now_s < record.started_s + seconds:
                    send(now_s)
            if time.perf_counter() > record.started_s + seconds + DRAIN_S:
                record.give_up(under_way.abandon())
    return record.load(seconds, next(turn), [])


def open_loop(
    port: int,
    requests: Sequence[bytes],
    judge: Judge,
    schedule: Sequence[float],
    *,
    most_connections: int,
) -> Load:
    """Requests at planned times, whatever the answers do; latency counts from the planned time.

    Args:
        schedule: planned times in seconds from the start, ascending.
        most_connections: what finds none free waits for one, and that wait counts; after
            PATIENCE_S it is not sent any more.
    """
    following = 0
    lateness_ms: list[float] = []
    with Connections(port) as under_way:
        record = _Record(judge)
        while following < len(schedule):
            due_s = record.started_s + schedule[following]
            late_s = time.perf_counter() - due_s
            if late_s > PATIENCE_S:
                following += 1
            elif late_s >= 0 and under_way.busy < most_connections:
                picture = following % len(requests)
                under_way.send(Request(requests[picture], picture, due_s))
                lateness_ms.append(late_s * 1000)
                following += 1
                # Many are due at once when the generator lags; answers must not wait for them.
                if len(lateness_ms) % _SENDS_BETWEEN_READS == 0:
                    record.add_all(under_way.wait(0))
            else:
                record.add_all(under_way.wait(_whole_ms(-late_s)))
        while under_way.busy and time.perf_counter() < due_s + DRAIN_S:
            record.add_all(under_way.wait(1.0))
        record.give_up(under_way.abandon())
    return record.load(schedule[-1], len(lateness_ms), lateness_ms)


def _whole_ms(wait_s: float) -> float:
    """In what epoll waits in; one where nothing but an answer can end the wait."""
    return max(1, math.floor(wait_s * 1000)) / 1000


class _Record:
    """Answers as they come in."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._answers: list[Answer] = []
        self._cpu_s = time.process_time()
        self.started_s = time.perf_counter()

    def add(self, request: Request, response: Response | None) -> float:
        """Note one answer; returns the time."""
        now_s = time.perf_counter()
        status = response.status if response else None
        fault = self._judge(request.picture, response) if response else "no answer"
        self._answers.append(
            Answer(
                began_s=request.since_s - self.started_s,
                finished_s=now_s - self.started_s,
                latency_ms=(now_s - request.since_s) * 1000,
                status=status,
                fault=fault,
            )
        )
        return now_s

    def add_all(self, answered: Iterable[tuple[Request, Response | None]]) -> None:
        for request, response in answered:
            self.add(request, response)

    def give_up(self, requests: Sequence[Request]) -> None:
        for request in requests:
            self.add(request, None)

    def load(self, seconds: float, sent: int, lateness_ms: list[float]) -> Load:
        return Load(
            answers=self._answers,
            seconds=seconds,
            cpu_s=time.process_time() - self._cpu_s,
            sent=sent,
            lateness_ms=lateness_ms,
        )
