"""A verdict for each stage, and one outcome and exit code for the run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from loadtest._analysis._findings import ObjectiveResult
from loadtest._analysis._machine import MachineInStage
from loadtest._analysis._metrics import samples_needed
from loadtest._analysis._stages import Measured, StageResult
from loadtest._errors import (
    EXIT_INCONCLUSIVE,
    EXIT_OBJECTIVE_MISSED,
    EXIT_PASSED,
    EXIT_SIGNAL_BASE,
    EXIT_TOOL_ERROR,
)
from monitor.judgement.verdict import Thresholds, judge

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
    count = measured.response_ms.count
    e2e_ms, e2e_label = end_to_end(measured)
    judged_on = f"success and {e2e_label}: {count} samples"
    if e2e_label == "median":
        judged_on += f", {samples_needed(95)} needed for p95"
    doubt = _doubt(result)
    if doubt is not None:
        return StageVerdict("inconclusive", doubt, judged_on)
    verdict = judge(
        thresholds,
        success_percent=measured.success_percent,
        gpu_percent=machine.gpu_percent,
        gpu_memory_ratio=machine.gpu_memory_ratio,
        temperature_celsius=machine.temperature_celsius,
        queue_ms=machine.queue_ms,
        infer_ms=machine.infer_ms,
        e2e_ms=e2e_ms,
        e2e_label=e2e_label,
    )
    if verdict.level == "unknown":
        return StageVerdict("inconclusive", verdict.rule, judged_on)
    return StageVerdict(verdict.level, verdict.rule, judged_on)


def end_to_end(measured: Measured) -> tuple[float | None, str]:
    """What a stage is judged by, and which it is: the median where p95 says nothing."""
    response = measured.response_ms
    return (response.p50, "median") if response.p95 is None else (response.p95, "p95")


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


def stage_passed(
    result: StageResult, verdict: StageVerdict, objectives: Sequence[ObjectiveResult]
) -> bool | None:
    """Whether a stage kept what was asked of it; None where that cannot be said.

    Without objectives it passes where it is not overloaded.
    """
    if verdict.level == "inconclusive":
        return None
    if not objectives:
        success_percent = result.measured.success_percent or 0.0
        return verdict.level != "overloaded" and success_percent >= PASS_SUCCESS_PERCENT
    return all_met(objectives)


def all_met(objectives: Sequence[ObjectiveResult]) -> bool | None:
    """False where one was missed, None where there is none or one cannot be told."""
    met = [objective.met for objective in objectives]
    if False in met:
        return False
    return None if not met or None in met else True


def decide(
    passed: Sequence[bool | None], *, complete: bool, searched: bool, interrupted_by: int | None
) -> tuple[Outcome, int]:
    """The outcome of the run and its exit code; a missed objective outweighs a doubt.

    Args:
        passed: of every stage that counts.
        complete: whether all of them were measured.
        searched: it was a search for the breaking point, which has to find one that passes.
        interrupted_by: The number of the signal that ended the run early.
    """
    if interrupted_by is not None:
        return "interrupted", EXIT_SIGNAL_BASE + interrupted_by
    if not complete:
        return "error", EXIT_TOOL_ERROR
    if False in passed and not (searched and True in passed):
        return "missed", EXIT_OBJECTIVE_MISSED
    if None in passed:
        return "inconclusive", EXIT_INCONCLUSIVE
    return "passed", EXIT_PASSED
