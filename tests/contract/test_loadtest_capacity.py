"""What the load tester concludes of a server whose limit is known."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.contract.loadtest_runs import run_loadtest
from tests.processes import KnownServer

BRISK = ("--min-samples", "0", "--warmup", "0", "--stage-duration", "2")
CAMERAS_THAT_SATURATE = 20


def test_the_capacity_found_is_workers_by_service_time_in_cameras(tmp_path: Path) -> None:
    workers, service_s, think_s = 2, 0.020, 0.4
    capacity = workers / service_s * think_s
    with KnownServer(tmp_path / "server", workers=workers, service_ms=service_s * 1000) as server:
        finished = run_loadtest(
            *(tmp_path, server, "--find-breaking-point", "--stages", "37,45"),
            *("--slo", "p(95)<100", "--think-time", str(think_s), "--no-monitor"),
            *("--stage-duration", "4", "--warmup", "1", "--min-samples", "0"),
        )
    found = finished.summary["capacity"]

    assert capacity == 40
    assert found["cameras"] == pytest.approx(capacity, rel=0.05)
    # What must fail is more than the server carries, and no farther off than the search is fine.
    assert capacity < found["fails_at"] <= 1.05 * capacity
    assert found["cameras"] < found["fails_at"]


@pytest.mark.parametrize(
    ("options", "causes"),
    [
        pytest.param(
            {"workers": 1, "service_ms": 15},
            {2: "none", 2 * CAMERAS_THAT_SATURATE: "queue"},
            id="triton-s-queue",
        ),
        pytest.param(
            {"workers": CAMERAS_THAT_SATURATE, "service_ms": 600},
            {CAMERAS_THAT_SATURATE: "compute"},
            id="triton-s-compute",
        ),
        pytest.param(
            {"service_ms": 1, "decode_ms": 30, "decode_workers": 1},
            {CAMERAS_THAT_SATURATE: "preprocessing"},
            id="decoding",
        ),
        pytest.param(
            {"service_ms": 1, "before_ms": 30, "before_workers": 1},
            {CAMERAS_THAT_SATURATE: "before_gateway"},
            id="the-way-to-the-gateway",
        ),
        pytest.param(
            {"service_ms": 1, "burn_cpu_ms": 30},
            {CAMERAS_THAT_SATURATE: "gateway_cpu"},
            id="the-gateway-s-core",
        ),
    ],
)
def test_the_cause_named_is_where_the_time_was_put(
    tmp_path: Path, options: Mapping[str, object], causes: Mapping[int, str]
) -> None:
    with KnownServer(tmp_path / "server", **options) as server:
        finished = run_loadtest(
            *(tmp_path, server, "--stages", ",".join(str(users) for users in causes)),
            *("--think-time", "0.2", *BRISK),
            # The known gateway is one process.
            FRAMEGATE_WORKERS="1",
        )
    assert {stage["users"]: stage["cause"]["code"] for stage in finished.stages} == causes
    for stage in finished.stages:
        assert stage["cause"]["evidence"]
        assert bool(stage["cause"]["advice"]) == (stage["cause"]["code"] != "none")


def test_a_generator_at_its_limit_accuses_itself_and_nobody_else(tmp_path: Path) -> None:
    with KnownServer(tmp_path / "server", service_ms=0) as server:
        finished = run_loadtest(
            # Each sends its next frame upon the answer to the last, as fast as it can.
            *(tmp_path, server, "--stages", "30", "--think-time", "0.001", "--no-monitor", *BRISK)
        )
    (stage,) = finished.stages

    assert stage["cause"]["code"] == "generator"
    assert stage["verdict"]["level"] == "inconclusive"
    assert finished.exit_code == 4
