from collections.abc import Sequence

import pytest

from loadtest._analysis._machine import MachineReading, Recording
from loadtest._analysis._objectives import parse
from loadtest._course._judging import Judge, Judgement
from loadtest._course._plan import StageKind, StageWindow
from loadtest._load._collector import Collector
from loadtest._load._samples import Sample
from loadtest._options import Options
from monitor.judgement.verdict import load_thresholds

SECONDS = 40.0


def options(**changes: object) -> Options:
    values: dict[str, object] = {
        "stages": (10,),
        "stage_duration_s": SECONDS,
        "warmup_s": 0.0,
        "think_time_s": 2.0,
        "min_samples": 0,
        "run_dir": None,
        "seed": 0,
        "monitor": False,
    }
    return Options(**(values | changes))  # type: ignore[arg-type]


def stages(
    *of: tuple[StageKind, int, float], failure: str | None = None
) -> tuple[Collector, list[StageWindow]]:
    """Paced users of whom every answer takes as long as said, one stage after the other."""
    collector, windows = Collector(), []
    for index, (kind, users, response_ms) in enumerate(of):
        began_s = 1000.0 + 100.0 * index
        windows.append(StageWindow(index, users, began_s, began_s, began_s + SECONDS, kind=kind))
        count = int(users * SECONDS / 2)
        collector.samples.extend(
            Sample(
                began_s + position * SECONDS / count,
                0.0,
                response_ms,
                failure,
                0.5,
                1.0,
                1.0,
                response_ms - 4.0,
                response_ms - 1.0,
            )
            for position in range(count)
        )
    return collector, windows  # fmt: skip


def judged(
    stages_of: tuple[Collector, Sequence[StageWindow]],
    recording: Recording | None = None,
    **changes: object,
) -> Judgement:
    judge = Judge(options(**changes), load_thresholds())
    return judge.run(*stages_of, recording or Recording(reason="none"))


def test_the_capacity_is_the_largest_stage_that_is_not_overloaded() -> None:
    judgement = judged(
        stages(
            ("baseline", 1, 20.0),
            ("stage", 10, 50.0),
            ("stage", 50, 400.0),
            ("stage", 90, 1200.0),
        )
    )
    assert judgement.capacity is not None
    assert (judgement.capacity.cameras, judgement.capacity.fails_at) == (50, 90)
    assert judgement.capacity.spare_percent == pytest.approx(60.0)
    assert "limit: p95" in judgement.capacity.sentence
    assert judgement.passed == [True, True, False]


def test_objectives_decide_and_name_what_is_spare() -> None:
    objectives = (parse("p(95)<300"), parse("success>=99"))
    judgement = judged(stages(("stage", 10, 60.0), ("stage", 50, 400.0)), objectives=objectives)
    assert judgement.passed == [True, False]
    assert judgement.capacity is not None
    assert judgement.capacity.cameras == 10
    assert judgement.capacity.spare_percent == pytest.approx(80.0)
    assert "within p(95)<300, success>=99" in judgement.capacity.sentence


def test_too_few_samples_for_an_objective_are_no_pass() -> None:
    judgement = judged(stages(("stage", 2, 60.0)), objectives=(parse("p(95)<300"),))
    assert judgement.passed == [None]
    assert judgement.capacity is not None
    assert judgement.capacity.cameras is None


def test_failures_fail_a_stage() -> None:
    judgement = judged(stages(("stage", 10, 60.0), failure="HTTP 503 overloaded"))
    assert judgement.passed == [False]


def test_a_full_processor_leaves_nothing_to_spare() -> None:
    readings = tuple(
        MachineReading(1000.5 + second, cpu_percents={"gateway": 90.0}, host_cpu_percent=95.0)
        for second in range(int(SECONDS) - 1)
    )
    judgement = judged(stages(("stage", 10, 50.0)), Recording(readings=readings))
    assert judgement.capacity is not None
    assert judgement.capacity.spare_percent == pytest.approx(5.0)
    assert "nearest limit: CPU" in judgement.capacity.sentence


def test_recovery_is_held_against_the_stage_of_as_many_users() -> None:
    judgement = judged(stages(("stage", 10, 50.0), ("stage", 90, 1200.0), ("recovery", 10, 55.0)))
    assert judgement.recovery is not None
    assert judgement.recovery.after_s == 0.0
    assert judgement.passed == [True, False]


def test_a_burst_counts_and_keeps_no_pace() -> None:
    judgement = judged(stages(("burst", 50, 700.0)))
    (stage,) = judgement.stages
    assert judgement.passed == [True]
    assert judgement.capacity is None
    assert stage.law is None
    assert stage.steadiness is None
    assert stage.result.offered_per_s is None


def test_one_stage_alone_is_judged_as_among_the_others() -> None:
    collector, windows = stages(("stage", 10, 50.0), ("stage", 90, 1200.0))
    judge = Judge(options(), load_thresholds())
    none = Recording(reason="none")
    assert [judge.passed(collector, window, none) for window in windows] == [True, False]
