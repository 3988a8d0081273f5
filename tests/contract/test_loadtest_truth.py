"""What the load tester reports of a server whose speed is known."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.loadtest_runs import Finished, run_loadtest
from tests.processes import KnownServer

TOLERANCE_RATIO = 0.05
THINK_S = 0.2
WORKERS, SERVICE_MS = 4, 40.0  # 100 frames a second
BEFORE_MS, DECODE_MS = 60.0, 40.0
LIGHT, SATURATING = 10, 150


def near(value: float) -> object:
    return pytest.approx(value, rel=TOLERANCE_RATIO)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    """One run through half the capacity and far beyond it."""
    folder = tmp_path_factory.mktemp("truth")
    with KnownServer(
        folder / "server",
        workers=WORKERS,
        service_ms=SERVICE_MS,
        before_ms=BEFORE_MS,
        decode_ms=DECODE_MS,
    ) as server:
        yield run_loadtest(
            *(folder, server, "--stages", f"{LIGHT},{SATURATING}", "--think-time", str(THINK_S)),
            *("--stage-duration", "5", "--warmup", "3", "--min-samples", "0"),
        )


def test_below_its_capacity_a_server_is_reported_as_it_is(finished: Finished) -> None:
    stage = finished.stage(LIGHT)
    metrics, machine = stage["metrics"], stage["machine"]

    assert stage["success_percent"] == 100
    assert stage["achieved_per_s"] == near(LIGHT / THINK_S)
    assert metrics["response"]["p50"] == near(BEFORE_MS + DECODE_MS + SERVICE_MS)
    assert metrics["decode"]["p50"] == near(DECODE_MS)
    assert metrics["triton"]["p50"] == near(SERVICE_MS)
    assert metrics["gateway"]["p50"] == near(DECODE_MS + SERVICE_MS)
    assert metrics["score"]["avg"] == 0.75
    assert machine["infer_ms"] == near(SERVICE_MS)
    assert machine["queue_ms"] < TOLERANCE_RATIO * SERVICE_MS
    assert machine["mean_batch"] == 1
    # 40 ms of inference are more than the 20 that are healthy; nothing else is amiss.
    assert stage["verdict"]["level"] == "degraded"
    assert stage["verdict"]["rule"].startswith("inference 40")


def test_beyond_its_capacity_rate_queue_and_latency_are_those_of_a_full_queue(
    finished: Finished,
) -> None:
    stage = finished.stage(SATURATING)
    # Every user waits for its answer, so the frames in the server are as many as the users, less
    # those still on the way to the queue.
    cycle_ms = SATURATING * SERVICE_MS / WORKERS
    response_ms = stage["metrics"]["response"]["p50"]

    assert stage["success_percent"] == 100
    assert stage["achieved_per_s"] == near(WORKERS / SERVICE_MS * 1000)
    assert response_ms == near(cycle_ms)
    assert stage["machine"]["infer_ms"] == near(SERVICE_MS)
    assert stage["machine"]["queue_ms"] == near(cycle_ms - BEFORE_MS - DECODE_MS - SERVICE_MS)
    assert stage["verdict"]["level"] == "overloaded"
    assert "end-to-end" in stage["verdict"]["rule"]
    assert finished.exit_code == 3


def test_garbage_misses_the_objective_and_is_named(tmp_path: Path) -> None:
    with KnownServer(tmp_path / "server", service_ms=1, garbage=True) as server:
        finished = run_loadtest(
            *(tmp_path, server, "--stages", "10", "--think-time", str(THINK_S), "--no-monitor"),
            *("--stage-duration", "2", "--warmup", "0", "--min-samples", "0"),
        )
    (stage,) = finished.stages

    assert finished.exit_code == 3
    assert stage["requests"] == near(2 * 10 / THINK_S)
    assert stage["successful"] == 0
    assert stage["failures"] == {"200 but not JSON": stage["requests"]}
    assert stage["verdict"]["level"] == "overloaded"


@pytest.mark.parametrize(
    ("fail_ratio", "level", "exit_code"), [(0.02, "degraded", 0), (0.2, "overloaded", 3)]
)
def test_failures_are_as_many_as_there_were(
    tmp_path: Path, fail_ratio: float, level: str, exit_code: int
) -> None:
    with KnownServer(tmp_path / "server", service_ms=1, fail_ratio=fail_ratio) as server:
        finished = run_loadtest(
            *(tmp_path, server, "--stages", "20", "--think-time", str(THINK_S), "--no-monitor"),
            *("--stage-duration", "3", "--warmup", "0", "--min-samples", "0"),
        )
    (stage,) = finished.stages

    assert stage["failures"] == {"HTTP 502 triton_failed": stage["failed"]}
    # They are evenly apart, so a stage is off by one of them at most.
    assert stage["failed"] == pytest.approx(fail_ratio * stage["requests"], abs=1)
    assert stage["success_percent"] == pytest.approx(
        100 * (1 - fail_ratio), abs=100 / stage["requests"]
    )
    assert stage["verdict"]["level"] == level
    assert finished.exit_code == exit_code
