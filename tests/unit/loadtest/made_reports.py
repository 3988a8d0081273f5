"""Runs made up for the tests of the writers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from loadtest._analysis._findings import (
    Breakdown,
    Capacity,
    Cause,
    Grade,
    LittlesLaw,
    ObjectiveResult,
    Recovery,
    Steadiness,
)
from loadtest._analysis._hardware import Hardware
from loadtest._analysis._machine import MachineInStage, MachineReading, Recording
from loadtest._analysis._stages import StageResult, measure, timeline
from loadtest._analysis._verdicts import StageVerdict
from loadtest._course._plan import StageWindow
from loadtest._load._samples import Sample
from loadtest._options import Options
from loadtest._report._data import PayloadSet, RunReport, StageReport

HOSTILE = "<script>alert('x')</script>&\"quoted\""
UNKNOWN = MachineInStage(None, None, None, None, None, None, None)
MET = ObjectiveResult("p(95)<500", 20.0, True, "p95 20 ms, limit 500 ms")
MISSED = ObjectiveResult("p(95)<500", 620.0, False, "p95 620 ms, limit 500 ms.")
UNSAID = ObjectiveResult("p(95)<500", None, None, "insufficient samples: 90, 130 needed")


def stage(
    index: int,
    users: int,
    level: str,
    rule: str = "",
    response_ms: float = 20.0,
    *,
    kind: str = "stage",
    **findings: Any,
) -> StageReport:
    """140 good answers and one failure with a hostile name."""
    began_s = 1_000.0 + 30 * index
    window = StageWindow(index, users, began_s, began_s + 10, began_s + 30, kind=kind)  # type: ignore[arg-type]
    samples = [
        Sample(began_s + 10 + n / 10, 0.0, response_ms, None, 0.5, 0.5, 0.4, 6.0, 7.0)
        for n in range(140)
    ] + [Sample(began_s + 11, 0.0, 5.0, HOSTILE, None, None, None, None, None)]
    verdict = StageVerdict(level, rule, "success and p95: 140 samples")  # type: ignore[arg-type]
    result = StageResult(window, measure(samples, 20.0), users / 2, 12.0)
    return replace(StageReport(result, UNKNOWN, verdict), **findings)


def full_stage(index: int = 0, users: int = 25, *, kind: str = "stage") -> StageReport:
    """A stage of which everything is known."""
    return stage(
        index,
        users,
        "degraded",
        "p95 end-to-end 620 ms > 500 ms",
        620.0,
        kind=kind,
        machine=MachineInStage(
            queue_ms=310.0,
            infer_ms=8.5,
            mean_batch=3.5,
            gpu_percent=88.0,
            gpu_memory_ratio=0.25,
            temperature_celsius=61.0,
            power_w=90.0,
            pending_peak=34,
            batch_sizes={8: 30, 1: 5},
            cpu_percents={"gateway": 150.0, "triton": 45.0},
            host_cpu_cores=2,
            host_cpu_percent=97.5,
            process_counts={"gateway": 3, "triton": 4},
            energy_j=1800.0,
            inferences=900,
            throttled_by=["SW power cap"],
        ),
        objectives=[MISSED],
        steadiness=Steadiness(False, 1.02, 1.31, "the latency of its parts differs by 1.31"),
        law=LittlesLaw(25.0, 31.0, False, "25 users, 31 expected"),
        breakdown=Breakdown(100.0, 20.0, 60.0, 5.0, 15.0),
        cause=Cause("queue", "frames wait for Triton", "310 of 620 ms", ["make tune", "second"]),
    )


def report(stages: Sequence[StageReport] | None = None, **changes: Any) -> RunReport:
    if stages is None:
        stages = [
            stage(0, 10, "healthy", "within every limit"),
            stage(1, 25, "overloaded", HOSTILE, 1500.0),
        ]
    samples = [Sample(1_010.0 + n, 0.0, 20.0, None, 0.5, 0.5, 0.4, 6.0, 7.0) for n in range(40)]
    made = RunReport(
        started_s=1_000.0,
        finished_s=1_060.0,
        host=f"http://{HOSTILE}",
        options=Options((10, 25), 20.0, 5.0, 2.0, 130, None, 0, True),
        cameras=("raw",),
        processes=1,
        payloads=PayloadSet(64, 2_000_000, "ab" * 32),
        models=[HOSTILE],
        hardware=Hardware(HOSTILE, 2, 2**34),
        versions={"locust": "2.47.0"},
        recording=Recording((MachineReading(1_015.0, requests=5, queue_ms=3.0),), ("GPU",), None),
        stages=stages,
        totals=measure(samples, 40.0),
        sent=40,
        sent_failed=0,
        timeline=timeline(samples, from_s=1_000.0, to_s=1_060.0),
        outcome="missed",
        exit_code=3,
    )
    return replace(made, **changes)


def full_report() -> RunReport:
    """A run of which everything is known, with every kind of stage."""
    kinds = ("baseline", "stage", "search", "burst", "recovery")
    stages = [full_stage(index, kind=kind) for index, kind in enumerate(kinds)]
    return report(
        stages,
        recovery=Recovery(3.0, 75.0, "Recovered after 3.0 s."),
        capacity=Capacity(74, 80, 26.0, "74 cameras passed, 80 did not"),
        grade=Grade("marginal", 100, "100 cameras are answered in 620 ms", ["More workers"]),
    )
