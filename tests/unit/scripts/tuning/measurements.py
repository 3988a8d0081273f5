"""Measurements with what a test does not care about filled in."""

from scripts.tuning.plan import Plan
from scripts.tuning.points import Batching, Load, Measurement
from scripts.tuning.search import Space

GATEWAY = Load(4, 16)
ALONE = Load(1, 1)
START = Batching(2, 8, 0)


def measured(
    frames_per_s: float,
    p95_ms: float | None,
    *,
    failed: int = 0,
    p50_ms: float | None = None,
    other_cores: float = 0.0,
) -> Measurement:
    return Measurement(
        frames_per_s=frames_per_s,
        p50_ms=p50_ms,
        p95_ms=p95_ms,
        failed=failed,
        executions={4: 10},
        cpu_ms_per_frame=2.5,
        memory_bytes=100_000_000,
        other_cores=other_cores,
    )


def plan(*, objective_ms: float = 100, max_points: int = 24, rounds: int = 3) -> Plan:
    return Plan(
        objective_ms=objective_ms,
        load=GATEWAY,
        loads=(GATEWAY, ALONE),
        space=Space((1, 2), (4, 8), (0, 1000)),
        seconds_per_point=3,
        max_points=max_points,
        rounds=rounds,
    )
