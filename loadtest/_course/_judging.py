"""From samples and a recording to judged stages: all analyses of a run, one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from loadtest._analysis._breakdown import breakdown
from loadtest._analysis._capacity import Judged, capacity
from loadtest._analysis._causes import find_cause
from loadtest._analysis._findings import Capacity, Grade, ObjectiveResult, Recovery
from loadtest._analysis._grade import GradedStage, grade
from loadtest._analysis._littles_law import check
from loadtest._analysis._machine import MachineInStage, Recording, join
from loadtest._analysis._objectives import Objective, evaluate
from loadtest._analysis._recovery import recovery
from loadtest._analysis._stages import Measured, StageResult, analyse
from loadtest._analysis._steadiness import steadiness
from loadtest._analysis._verdicts import end_to_end, judge_stage, stage_passed
from loadtest._course._plan import COUNTED, SIZING, StageWindow
from loadtest._load._collector import Collector
from loadtest._options import Options
from loadtest._report._data import StageReport
from monitor.judgement.verdict import Thresholds


@dataclass(frozen=True)
class Judgement:
    """All stages of a run, and what they say together."""

    stages: Sequence[StageReport]
    capacity: Capacity | None
    grade: Grade | None
    recovery: Recovery | None

    @property
    def passed(self) -> list[bool | None]:
        """Of every stage that counts towards the outcome."""
        return [stage.passed for stage in self.stages if stage.result.window.kind in COUNTED]


class Judge:
    """Judges the stages of a run by its options."""

    def __init__(self, options: Options, thresholds: Thresholds) -> None:
        self._options = options
        self._thresholds = thresholds

    def run(
        self, collector: Collector, windows: Sequence[StageWindow], recording: Recording
    ) -> Judgement:
        results = analyse(
            collector.samples, windows, collector.cpu, think_time_s=self._options.think_time_s
        )
        baseline = next((r.measured for r in results if r.window.kind == "baseline"), None)
        stages = [
            self._stage(
                result,
                self._machine(recording, result),
                None if result.window.kind == "baseline" else baseline,
            )
            for result in results
        ]
        counted = [stage for stage in stages if stage.result.window.kind in SIZING]
        return Judgement(
            stages=stages,
            capacity=self._capacity(counted) if counted else None,
            grade=self._grade(counted) if counted else None,
            recovery=_recovery(results),
        )

    def passed(
        self, collector: Collector, window: StageWindow, recording: Recording
    ) -> bool | None:
        """Whether one stage, whose answers are all in, has passed."""
        return self.run(collector, [window], recording).stages[0].passed

    @staticmethod
    def _machine(recording: Recording, result: StageResult) -> MachineInStage:
        cores = recording.host_cpu_cores
        return join(recording.readings, result.window, host_cpu_cores=cores)

    def _stage(
        self,
        result: StageResult,
        machine: MachineInStage,
        baseline: Measured | None,
    ) -> StageReport:
        verdict = judge_stage(result, machine, self._thresholds)
        objectives = [evaluate(one, result.measured) for one in self._options.objectives]
        # In a burst nobody keeps a pace, and a recovery is expected to change.
        paced = result.window.kind in ("baseline", *SIZING)
        return StageReport(
            result=result,
            machine=machine,
            verdict=verdict,
            passed=stage_passed(result, verdict, objectives),
            objectives=objectives,
            steadiness=steadiness(result.samples, result.window) if paced else None,
            law=check(result.samples, result.window, think_time_s=self._options.think_time_s)
            if paced
            else None,
            breakdown=breakdown(result.measured, machine),
            cause=find_cause(result, machine, verdict.level, baseline=baseline),
        )

    def _capacity(self, stages: Sequence[StageReport]) -> Capacity:
        judged = [
            Judged(stage.result.window.users, stage.passed, self._spare_percents(stage))
            for stage in stages
        ]
        return capacity(judged, within=self._within, interval_s=self._options.think_time_s)

    @property
    def _within(self) -> str:
        if self._options.objectives:
            return ", ".join(objective.text for objective in self._options.objectives)
        e2e_ms = self._thresholds.limits["e2e_ms"].overloaded
        return f"the {self._thresholds.profile} limits (p95 up to {e2e_ms:g} ms)"

    def _spare_percents(self, stage: StageReport) -> dict[str, float]:
        spare: dict[str, float] = {}
        if self._options.objectives:
            spare |= _objectives_spare(self._options.objectives, stage.objectives)
        else:
            e2e_ms, e2e_label = end_to_end(stage.result.measured)
            if e2e_ms is not None:
                limit_ms = self._thresholds.limits["e2e_ms"].overloaded
                spare[e2e_label] = 100 * (1 - e2e_ms / limit_ms)
        machine = stage.machine
        # Only where the gateway or Triton run on this host does its processor say anything.
        if machine.cpu_percents and machine.host_cpu_percent is not None:
            spare["CPU"] = 100 - machine.host_cpu_percent
        if machine.gpu_percent is not None:
            spare["GPU"] = 100 - machine.gpu_percent
        return spare

    def _grade(self, stages: Sequence[StageReport]) -> Grade:
        healthy = self._thresholds.limits["success_percent"].healthy
        return grade([_graded(stage) for stage in stages], healthy_success_percent=healthy)


def _graded(stage: StageReport) -> GradedStage:
    e2e_ms, e2e_label = end_to_end(stage.result.measured)
    return GradedStage(
        users=stage.result.window.users,
        success_percent=stage.result.measured.success_percent,
        e2e_ms=e2e_ms,
        e2e_label=e2e_label,
        doubt=stage.verdict.rule if stage.verdict.level == "inconclusive" else None,
    )


def _objectives_spare(
    objectives: Sequence[Objective], results: Sequence[ObjectiveResult]
) -> dict[str, float]:
    """Of those that name an upper limit."""
    return {
        objective.text: 100 * (1 - result.value / objective.limit)
        for objective, result in zip(objectives, results, strict=True)
        if result.value is not None and objective.limit and objective.operator in ("<", "<=")
    }


def _recovery(results: Sequence[StageResult]) -> Recovery | None:
    """Of the last stage against the first one with as many users."""
    if not results or results[-1].window.kind != "recovery":
        return None
    last = results[-1]
    calm = [r for r in results if r.window.kind in SIZING and r.window.users == last.window.users]
    return recovery(calm[0].samples, last.samples, last.window) if calm else None
