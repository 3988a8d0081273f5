"""The listeners, and the way of a frame: before the gateway, in it, in Triton."""

import asyncio
import contextlib
import time
from dataclasses import dataclass

from tests.known_server.answers import Answer, problem, quality
from tests.known_server.counters import Counters, QueueCountsAs
from tests.known_server.stations import Station, Visit

HOST = "127.0.0.1"
GARBAGE = b"<html>200 but nonsense</html>"
RETRY_AFTER_S = 1
# A whole picture fits, so that a body is read at once.
BUFFER_BYTES = 2**20
# All cameras may connect in the same moment.
BACKLOG = 1024


@dataclass(frozen=True)
class Behaviour:
    """What the server does to each frame.

    Attributes:
        workers: frames that Triton computes at once, each for service_ms.
        queue_limit: frames that may wait for them, further ones are refused; None for any number.
        before_ms: passes before the gateway's clock begins, and is in none of its times.
        before_workers: frames to which that happens at once; None for all.
        decode_ms: passes in the gateway's stage `decode`, without work.
        decode_workers: frames to which that happens at once; None for all.
        burn_cpu_ms: CPU time burnt on each frame, in the gateway's total and in none of its stages.
        fail_ratio: of the frames that Triton has computed, how many it then fails on, evenly apart.
        garbage: answer 200 with a body that is not JSON.
    """

    workers: int = 1
    service_ms: float = 20.0
    queue_limit: int | None = None
    queue_counts_as: QueueCountsAs = "queue"
    before_ms: float = 0.0
    before_workers: int | None = None
    decode_ms: float = 0.0
    decode_workers: int | None = None
    burn_cpu_ms: float = 0.0
    fail_ratio: float = 0.0
    garbage: bool = False


class KnownServer:
    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._before = Station(behaviour.before_ms / 1000, workers=behaviour.before_workers)
        self._decode = Station(behaviour.decode_ms / 1000, workers=behaviour.decode_workers)
        self._triton = Station(
            behaviour.service_ms / 1000,
            workers=behaviour.workers,
            queue_limit=behaviour.queue_limit,
        )
        self._counters = Counters(behaviour.queue_counts_as)
        self._frames = 0
        self._computed = 0

    async def serve(self, port: int, metrics_port: int) -> None:
        """Serve until cancelled."""
        async with contextlib.AsyncExitStack() as listeners:
            for number in (port, metrics_port):
                listener = await asyncio.start_server(
                    self._connected, HOST, number, limit=BUFFER_BYTES, backlog=BACKLOG
                )
                await listeners.enter_async_context(listener)
            await asyncio.Event().wait()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The other side may leave at any moment.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                await reader.readexactly(_content_length(head))
                method, path, _ = head.split(" ", 2)
                answer = await self._answer(method, path)
                writer.write(answer.wire())
                await writer.drain()
        writer.close()

    async def _answer(self, method: str, path: str) -> Answer:
        if (method, path) == ("POST", "/v1/quality"):
            self._frames += 1
            return await self._score(f"{self._frames:032x}")
        if (method, path) == ("GET", "/health/ready"):
            return Answer(200, b"{}")
        if (method, path) == ("GET", "/metrics"):
            text = self._counters.text(self._triton.waiting(_now_s()))
            return Answer(200, text.encode(), "text/plain; version=0.0.4")
        return problem(404, "not_found", "-")

    async def _score(self, request_id: str) -> Answer:
        await _visit(self._before)
        started_s = _now_s()
        _burn_cpu(self._behaviour.burn_cpu_ms / 1000)
        taken_s = _now_s()
        await _visit(self._decode)
        decoded_s = _now_s()
        # Nothing is fitted to a model here, and that takes as long as it takes.
        fitted_s = _now_s()
        visit = await _visit(self._triton)
        if visit is None:
            return problem(503, "overloaded", request_id, retry_after_s=RETRY_AFTER_S)
        failed = self._failure_is_due()
        self._counters.count(visit, failed=failed)
        if failed:
            return problem(502, "triton_failed", request_id)
        if self._behaviour.garbage:
            return Answer(200, GARBAGE, "application/json")
        answered_s = _now_s()
        stages_s = {
            "decode": decoded_s - taken_s,
            "preprocess": fitted_s - decoded_s,
            "triton": answered_s - fitted_s,
            "total": answered_s - started_s,
        }
        return quality(request_id, {stage: round(s * 1000, 3) for stage, s in stages_s.items()})

    def _failure_is_due(self) -> bool:
        before = int(self._computed * self._behaviour.fail_ratio)
        self._computed += 1
        return int(self._computed * self._behaviour.fail_ratio) > before


def _now_s() -> float:
    return asyncio.get_running_loop().time()


async def _visit(station: Station) -> Visit | None:
    """Spend the time that a visit takes; None where the station has no room for it."""
    visit = station.admit(_now_s())
    if visit is not None and visit.ended_s > visit.arrived_s:
        await asyncio.sleep(visit.ended_s - _now_s())
    return visit


def _burn_cpu(seconds: float) -> None:
    end_s = time.thread_time() + seconds
    while time.thread_time() < end_s:
        pass


def _content_length(head: str) -> int:
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return 0
