"""A verdict for each stage, and one outcome and exit code for the run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from loadtest._analysis._machine import MachineInStage
from loadtest._analysis._metrics import samples_needed
from loadtest._analysis._stages import StageResult
from loadtest._errors import (
    EXIT_INCONCLUSIVE,
    EXIT_OBJECTIVE_MISSED,
    EXIT_PASSED,
    EXIT_SIGNAL_BASE,
    EXIT_TOOL_ERROR,
)
from monitor.verdict import Thresholds, judge

SATURATED_PERCENT = 90.0
PASS_SUCCESS_PERCENT = 95.0

Level = Literal["healthy", "degraded", "overloaded", "inconclusive"]
Outcome = Literal["passed", "missed", "inconclusive", "interrupted", "error"]


@dataclass(frozen=True)
class StageVerdict:
    level: Level
    rule: str
    judged_on: str


def judge_stage(
    result: StageResult, machine: MachineInStage, thresholds: Thresholds
) -> StageVerdict:
    measured = result.measured
    response = measured.response_ms
    needed = samples_needed(95)
    e2e_ms, e2e_label = (response.p95, "p95") if response.p95 is not None else (None, "median")
    if e2e_ms is None:
        e2e_ms = response.p50
        judged_on = f"success and median: {response.count} samples, {needed} needed for p95"
    else:
        judged_on = f"success and p95: {response.count} samples"
    doubt = _doubt(result)
    if doubt is not None:
        return StageVerdict("inconclusive", doubt, judged_on)
    verdict = judge(
        thresholds,
        success_percent=measured.success_percent,
        gpu_percent=machine.gpu_percent,
        gpu_memory_ratio=machine.gpu_memory_ratio,
        temperature_celsius=machine.temperature_celsius,
        infer_ms=machine.infer_ms,
        e2e_ms=e2e_ms,
        e2e_label=e2e_label,
    )
    if verdict.level == "unknown":
        return StageVerdict("inconclusive", verdict.rule, judged_on)
    return StageVerdict(verdict.level, verdict.rule, judged_on)


def _doubt(result: StageResult) -> str | None:
    """Why this stage says nothing about the system under test."""
    window = result.window
    if not result.measured.requests:
        return "no request was answered within the stage"
    if not window.reached_users:
        return f"the load generator did not reach {window.users} users"
    cpu_percent = result.generator_cpu_percent
    if cpu_percent is not None and cpu_percent >= SATURATED_PERCENT:
        return (
            f"the load generator was saturated: {cpu_percent:.0f} % of a core, "
            f"limit {SATURATED_PERCENT:.0f} %; try --processes"
        )
    if not window.completed:
        return f"interrupted after {window.duration_s:.0f} s"
    return None


def decide(
    verdicts: Sequence[StageVerdict],
    results: Sequence[StageResult],
    *,
    planned_stages: int,
    interrupted_by: int | None,
) -> tuple[Outcome, int]:
    """The outcome of the run and its exit code; a missed objective outweighs a doubt.

    Args:
        planned_stages: How many stages there should be.
        interrupted_by: The number of the signal that ended the run early.
    """
    if interrupted_by is not None:
        return "interrupted", EXIT_SIGNAL_BASE + interrupted_by
    if len(verdicts) < planned_stages:
        return "error", EXIT_TOOL_ERROR
    missed = any(verdict.level == "overloaded" for verdict in verdicts) or any(
        verdict.level != "inconclusive"
        and (result.measured.success_percent or 0.0) < PASS_SUCCESS_PERCENT
        for verdict, result in zip(verdicts, results, strict=True)
    )
    if missed:
        return "missed", EXIT_OBJECTIVE_MISSED
    if any(verdict.level == "inconclusive" for verdict in verdicts):
        return "inconclusive", EXIT_INCONCLUSIVE
    return "passed", EXIT_PASSED
