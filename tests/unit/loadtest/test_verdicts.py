from dataclasses import replace

import pytest

from loadtest._analysis._findings import ObjectiveResult
from loadtest._analysis._machine import MachineInStage, MachineReading, join
from loadtest._analysis._stages import StageResult, measure
from loadtest._analysis._verdicts import StageVerdict, decide, judge_stage, stage_passed
from loadtest._course._plan import StageWindow
from loadtest._load._samples import Sample
from monitor.judgement.verdict import load_thresholds

WINDOW = StageWindow(0, 50, 0.0, 10.0, 20.0)
NOTHING = MachineInStage(None, None, None, None, None, None, None)


def result(
    good: int, *, failed: int = 0, response_ms: float = 100.0, cpu_percent: float | None = 20.0
) -> StageResult:
    samples = [
        Sample(11.0, 0.0, response_ms, failure, 0.5, None, None, 6.0, None)
        for failure in [None] * good + ["HTTP 503"] * failed
    ]
    return StageResult(WINDOW, measure(samples, 10.0), 25.0, cpu_percent)


def judged(of: StageResult, machine: MachineInStage = NOTHING) -> StageVerdict:
    return judge_stage(of, machine, load_thresholds())


def test_with_130_samples_the_p95_is_judged() -> None:
    verdict = judged(result(130, response_ms=612.0))
    assert verdict.level == "degraded"
    assert verdict.judged_on == "success and p95: 130 samples"
    assert verdict.rule == "p95 end-to-end 612 ms > 500 ms"


def test_with_fewer_the_median_is_judged_and_the_verdict_says_so() -> None:
    verdict = judged(result(40, response_ms=1200.0))
    assert verdict.level == "overloaded"
    assert verdict.judged_on == "success and median: 40 samples, 130 needed for p95"
    assert verdict.rule == "median end-to-end 1200 ms > 1000 ms"


def test_a_healthy_stage_is_healthy() -> None:
    assert judged(result(200)).level == "healthy"


def test_a_stage_where_everything_failed_is_overloaded_and_not_in_doubt() -> None:
    assert judged(result(0, failed=20)).level == "overloaded"


def test_the_machine_is_judged_with_the_requests() -> None:
    hot = replace(NOTHING, temperature_celsius=91.0)
    assert judged(result(200), hot).level == "overloaded"
    slow = replace(NOTHING, infer_ms=30.0)
    assert judged(result(200), slow).level == "degraded"


@pytest.mark.parametrize(
    ("doubtful", "reason"),
    [
        (result(0), "no request was answered within the stage"),
        (result(200, cpu_percent=93.4), "the load generator was saturated: 93 % of a core"),
        (
            replace(result(200), window=replace(WINDOW, reached_users=False)),
            "the load generator did not reach 50 users",
        ),
        (replace(result(200), window=replace(WINDOW, completed=False)), "interrupted after 10 s"),
    ],
)
def test_what_says_nothing_about_the_system_is_inconclusive(
    doubtful: StageResult, reason: str
) -> None:
    verdict = judged(doubtful)
    assert verdict.level == "inconclusive"
    assert verdict.rule.startswith(reason)


def verdict(level: str) -> StageVerdict:
    return StageVerdict(level, "", "")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("passed", "complete", "searched", "signal", "expected"),
    [
        ([True, True], True, False, None, ("passed", 0)),
        ([True, False], True, False, None, ("missed", 3)),
        ([None, False], True, False, None, ("missed", 3)),
        ([True, None], True, False, None, ("inconclusive", 4)),
        ([True], False, False, None, ("error", 1)),
        ([False], False, False, 2, ("interrupted", 130)),
        ([True], False, False, 15, ("interrupted", 143)),
        # A search has to fail somewhere, and to pass somewhere.
        ([True, False, True], True, True, None, ("passed", 0)),
        ([False, False], True, True, None, ("missed", 3)),
        ([True, None], True, True, None, ("inconclusive", 4)),
    ],
)
def test_the_run_ends_as_its_worst_stage_says(
    passed: list[bool | None],
    complete: bool,
    searched: bool,
    signal: int | None,
    expected: tuple[str, int],
) -> None:
    outcome = decide(passed, complete=complete, searched=searched, interrupted_by=signal)
    assert outcome == expected


def objective(met: bool | None) -> ObjectiveResult:
    return ObjectiveResult("p(95)<500", 400.0, met, "")


@pytest.mark.parametrize(
    ("level", "objectives", "expected"),
    [
        ("healthy", [], True),
        ("degraded", [], True),
        ("overloaded", [], False),
        ("inconclusive", [], None),
        # Named objectives stand in the place of the thresholds.
        ("overloaded", [objective(True)], True),
        ("healthy", [objective(True), objective(False)], False),
        ("healthy", [objective(True), objective(None)], None),
        ("healthy", [objective(None), objective(False)], False),
        ("inconclusive", [objective(True)], None),
    ],
)
def test_a_stage_passes_by_its_objectives_else_by_the_thresholds(
    level: str, objectives: list[ObjectiveResult], expected: bool | None
) -> None:
    assert stage_passed(result(200), verdict(level), objectives) is expected


def test_below_95_percent_success_a_stage_fails_whatever_the_thresholds_say() -> None:
    assert stage_passed(result(94, failed=6), verdict("degraded"), []) is False


def test_readings_are_joined_by_time_and_weighed_by_requests() -> None:
    readings = [
        MachineReading(9.0, requests=1000, queue_ms=99.0, gpu_percent=99.0),  # before the dwell
        MachineReading(11.0, requests=90, queue_ms=1.0, gpu_percent=40.0, gpu_memory_ratio=0.3),
        MachineReading(12.0, requests=10, queue_ms=11.0, gpu_percent=60.0, gpu_memory_ratio=0.5),
        MachineReading(13.0, requests=0, queue_ms=None),
        MachineReading(20.0, requests=1000, queue_ms=99.0),  # after it
    ]
    joined = join(readings, WINDOW)
    assert joined.queue_ms == pytest.approx(2.0)
    assert joined.gpu_percent == 50.0
    assert joined.gpu_memory_ratio == 0.5
    assert joined.infer_ms is None
    assert joined.power_w is None


def test_a_reading_that_reaches_into_the_next_stage_is_left_out_while_there_are_others() -> None:
    own = MachineReading(18.5, requests=50, queue_ms=1.0, interval_s=1.0)
    straddling = MachineReading(19.8, requests=80, queue_ms=500.0, interval_s=1.0)
    assert join([own, straddling], WINDOW).queue_ms == 1.0
    # A stage may be shorter than the monitor's interval.
    assert join([straddling], WINDOW).queue_ms == 500.0


def test_without_a_recording_everything_is_unknown() -> None:
    assert join([], WINDOW) == NOTHING
