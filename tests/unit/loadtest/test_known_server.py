"""The server that the load tester is held against, held against arithmetic."""

import asyncio
import itertools
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gateway.reference.schemas import PROBLEM
from backend.gateway.reference.schemas_quality import QUALITY
from loadtest._load._client import Answer
from loadtest._load._responses import NOT_JSON, Checked, check
from monitor.counters import Deltas, Snapshot, between
from monitor.sources.http import get
from monitor.sources.triton_metrics import parse
from tests.known_server.stations import Station, Visit
from tests.processes import KnownServer

BODY = bytes(30_000)
REQUEST = (
    b"POST /v1/quality HTTP/1.1\r\nHost: known\r\nContent-Type: image/jpeg\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
)
gaps_s = st.lists(st.floats(0.0, 0.1), min_size=1, max_size=200)


class Exchange(NamedTuple):
    sent_s: float
    answered_s: float
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def checked(self) -> Checked:
        """What the load tester makes of it."""
        timing = self.headers.get("Server-Timing", "")
        return check(Answer(self.status, self.headers["Content-Type"], timing, self.body))

    @property
    def response_ms(self) -> float:
        return (self.answered_s - self.sent_s) * 1000

    @property
    def timing_ms(self) -> dict[str, float]:
        timing: dict[str, float] = json.loads(self.body)["timing_ms"]
        return timing


async def converse(port: int, frames: int) -> list[Exchange]:
    """Send frames on one connection, each when the last one is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    done = []
    for _ in range(frames):
        sent_s = time.monotonic()
        writer.write(REQUEST)
        head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines if line)
        body = await reader.readexactly(int(headers["Content-Length"]))
        done.append(Exchange(sent_s, time.monotonic(), int(head.split()[1]), headers, body))
    writer.close()
    await writer.wait_closed()
    return done


def drive(server: KnownServer, *, connections: int, frames_each: int) -> list[Exchange]:
    async def all_of_them() -> list[Exchange]:
        talks = await asyncio.gather(
            *(converse(server.port, frames_each) for _ in range(connections))
        )
        return sorted(itertools.chain(*talks), key=lambda exchange: exchange.answered_s)

    return asyncio.run(all_of_them())


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., KnownServer]]:
    started: list[KnownServer] = []

    def one(**options: object) -> KnownServer:
        server = KnownServer(tmp_path / f"server-{len(started)}", **options)
        started.append(server)
        server.start()
        return server

    yield one
    for server in started:
        server.process.stop()


def triton_deltas(server: KnownServer) -> Deltas:
    """What Triton's counters say of the whole life of the server."""
    snapshot = parse(get(server.metrics_url, 5.0), 0.0)
    (activity,) = between(Snapshot(0.0, {}), snapshot)
    assert activity.deltas is not None
    return activity.deltas


def admit_all(station: Station, gaps: Sequence[float]) -> list[Visit | None]:
    return [station.admit(at_s) for at_s in itertools.accumulate(gaps)]


@given(gaps=gaps_s, workers=st.integers(1, 8), service_s=st.floats(0.001, 0.2))
def test_a_station_serves_in_order_for_its_service_time_and_never_more_than_its_workers(
    gaps: list[float], workers: int, service_s: float
) -> None:
    visits = [visit for visit in admit_all(Station(service_s, workers=workers), gaps) if visit]
    assert len(visits) == len(gaps)
    for position, visit in enumerate(visits):
        assert visit.service_s == pytest.approx(service_s)
        # A worker is given to the frame that came first, as soon as there is one.
        before = visits[position - workers].ended_s if position >= workers else -math.inf
        assert visit.began_s == max(visit.arrived_s, before)


@given(gaps=gaps_s, workers=st.integers(1, 4), limit=st.integers(0, 5))
def test_no_more_wait_than_the_queue_holds_and_none_is_refused_while_it_has_room(
    gaps: list[float], workers: int, limit: int
) -> None:
    station = Station(0.05, workers=workers, queue_limit=limit)
    admitted: list[Visit] = []
    for at_s in itertools.accumulate(gaps):
        waiting = sum(visit.began_s > at_s for visit in admitted)
        busy = sum(visit.began_s <= at_s < visit.ended_s for visit in admitted)
        assert station.waiting(at_s) == waiting <= limit
        visit = station.admit(at_s)
        assert (visit is None) == (busy == workers and waiting == limit)
        admitted += [visit] if visit else []


@given(gaps=gaps_s)
def test_a_station_without_limit_lets_nobody_wait(gaps: list[float]) -> None:
    visits = admit_all(Station(0.05), gaps)
    assert all(visit is not None and visit.queue_s == 0 for visit in visits)


def test_at_saturation_the_rate_is_workers_by_service_time_and_the_rest_is_queue(
    start: Callable[..., KnownServer],
) -> None:
    connections, workers, service_ms = 64, 4, 20.0
    server = start(workers=workers, service_ms=service_ms)
    exchanges = drive(server, connections=connections, frames_each=9)
    # Neither the filling of the queue nor its emptying.
    steady = exchanges[connections:-connections]
    lasted_s = steady[-1].answered_s - steady[0].answered_s
    cycle_ms = connections / workers * service_ms
    # All come at once; from then on each joins the end of the queue as soon as it is answered.
    longest_ms = cycle_ms - service_ms
    queue_ms = [min(n // workers * service_ms, longest_ms) for n in range(len(exchanges))]
    deltas = triton_deltas(server)

    assert (len(steady) - 1) / lasted_s == pytest.approx(workers / service_ms * 1000, rel=0.02)
    median_ms = sorted(exchange.response_ms for exchange in steady)[len(steady) // 2]
    assert median_ms == pytest.approx(cycle_ms, rel=0.05)
    assert deltas.request_count == len(exchanges)
    assert deltas.infer_ms == pytest.approx(service_ms)
    assert deltas.queue_ms == pytest.approx(sum(queue_ms) / len(queue_ms), rel=0.05)


def test_the_waiting_can_be_counted_as_compute(start: Callable[..., KnownServer]) -> None:
    server = start(workers=1, service_ms=20, queue_counts_as="compute")
    drive(server, connections=4, frames_each=4)
    deltas = triton_deltas(server)
    assert deltas.queue_ms == 0
    assert deltas.infer_ms is not None
    assert deltas.infer_ms > 2 * 20


def test_an_answer_is_one_of_the_gateway_and_has_the_times_of_where_they_passed(
    start: Callable[..., KnownServer],
) -> None:
    server = start(workers=1, service_ms=40, before_ms=100, decode_ms=60)
    (exchange,) = drive(server, connections=1, frames_each=1)
    checked = exchange.checked

    assert (exchange.status, checked.failure) == (200, None)
    assert jsonschema_rs.is_valid(QUALITY, json.loads(exchange.body))
    assert checked.model == "capture_quality/1/known-server"
    assert checked.stages_ms == exchange.timing_ms
    assert list(exchange.timing_ms) == ["decode", "preprocess", "triton", "total"]
    # A timer may be late and is never early, but for its resolution.
    assert exchange.timing_ms["decode"] >= 59.9
    assert exchange.timing_ms["triton"] >= 39.9
    stages_ms = sum(exchange.timing_ms[name] for name in ("decode", "preprocess", "triton"))
    assert exchange.timing_ms["total"] == pytest.approx(stages_ms, rel=0.1)
    assert exchange.response_ms >= exchange.timing_ms["total"] + 99.9


def test_the_way_to_the_gateway_and_its_decoding_can_be_narrow(
    start: Callable[..., KnownServer],
) -> None:
    server = start(
        workers=8, service_ms=1, before_ms=20, before_workers=1, decode_ms=30, decode_workers=1
    )
    last = drive(server, connections=4, frames_each=1)[-1]
    # The fourth comes out of the way after 4 × 20 ms, and out of decoding after 20 + 4 × 30 ms.
    assert last.timing_ms["decode"] == pytest.approx(60, rel=0.2)
    assert last.response_ms >= 20 + 4 * 30


@pytest.mark.parametrize("limit", [0, 3])
def test_what_finds_the_queue_full_is_refused_as_the_gateway_refuses(
    start: Callable[..., KnownServer], limit: int
) -> None:
    server = start(workers=2, service_ms=300, queue_limit=limit)
    exchanges = drive(server, connections=8, frames_each=1)
    refused = [exchange for exchange in exchanges if exchange.status == 503]

    assert len(exchanges) - len(refused) == 2 + limit
    for exchange in refused:
        assert jsonschema_rs.is_valid(PROBLEM, json.loads(exchange.body))
        assert exchange.headers["Content-Type"] == "application/problem+json"
        assert exchange.headers["Retry-After"] == "1"
        assert exchange.checked.failure == "HTTP 503 overloaded"
    # As Triton does, it counts those it turned away nowhere.
    assert triton_deltas(server).request_count == 2 + limit


def test_failures_are_evenly_apart_and_as_many_as_were_asked_for(
    start: Callable[..., KnownServer],
) -> None:
    server = start(workers=1, service_ms=0, fail_ratio=0.25)
    exchanges = drive(server, connections=1, frames_each=40)
    deltas = triton_deltas(server)

    assert [exchange.status for exchange in exchanges] == [200, 200, 200, 502] * 10
    assert exchanges[3].checked.failure == "HTTP 502 triton_failed"
    assert (deltas.request_count, deltas.failure_counts) == (30, {"BACKEND": 10})


def test_garbage_is_200_and_no_score(start: Callable[..., KnownServer]) -> None:
    server = start(workers=1, service_ms=1, garbage=True)
    (exchange,) = drive(server, connections=1, frames_each=1)
    assert exchange.status == 200
    assert exchange.checked.failure == NOT_JSON


def test_burning_takes_the_cpu_time_that_it_says(start: Callable[..., KnownServer]) -> None:
    server = start(workers=1, service_ms=1, burn_cpu_ms=20)
    process = psutil.Process(server.process.popen.pid)
    before = process.cpu_times()
    exchanges = drive(server, connections=2, frames_each=10)
    after = process.cpu_times()
    burnt_s = after.user + after.system - before.user - before.system

    assert burnt_s == pytest.approx(20 * 0.020, rel=0.25)
    for exchange in exchanges:
        total_ms, stages_ms = _total_and_stages_ms(exchange.timing_ms)
        assert total_ms - stages_ms >= 20


def _total_and_stages_ms(timing_ms: dict[str, Any]) -> tuple[float, float]:
    return timing_ms["total"], sum(ms for name, ms in timing_ms.items() if name != "total")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"workers": 0}, "a whole number from 1, not '0'"),
        ({"fail_ratio": 1.5}, "a number from 0 to 1, not '1.5'"),
        ({"service_ms": "nan"}, "a number from 0 to 60000, not 'nan'"),
    ],
)
def test_what_it_cannot_do_is_refused_with_the_reason(
    start: Callable[..., KnownServer], options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(AssertionError, match="ended with 2") as refused:
        start(**options)
    assert complaint in str(refused.value)
