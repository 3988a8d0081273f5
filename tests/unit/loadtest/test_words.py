"""The verdict of a run in a sentence."""

from typing import Any

import pytest

from loadtest._analysis._findings import Capacity, Steadiness
from loadtest._report._words import ended, headline, marks
from tests.unit.loadtest.made_reports import MISSED, UNSAID, report, stage

HEALTHY = stage(0, 10, "healthy")
TEN = Capacity(10, 25, 40.0, "carries 10 cameras, 40 % to spare; 25 are too many")


def test_a_passed_run_says_what_it_carries() -> None:
    assert headline(report([HEALTHY], outcome="passed", capacity=TEN)) == (
        "Passed: carries 10 cameras, 40 % to spare; 25 are too many."
    )


def test_a_capacity_of_none_is_not_carried() -> None:
    none_passed = report([HEALTHY], outcome="interrupted", capacity=Capacity(None, 1, None, "no"))
    assert headline(none_passed) == "Interrupted: 1 of 2 stages measured in full."


def test_a_burst_is_part_of_the_headline() -> None:
    stages = [stage(1, 200, "degraded", kind="burst")]
    assert headline(report(stages, outcome="passed")) == (
        "Passed: every stage kept its limits; of a burst of 200 frames 140 were answered."
    )


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (stage(1, 25, "overloaded", "too slow"), "overloaded at 25 cameras (too slow)"),
        (
            stage(1, 200, "overloaded", "too slow", kind="burst"),
            "overloaded in a burst of 200 frames (too slow)",
        ),
        (
            stage(1, 25, "degraded", objectives=[MISSED]),
            "p(95)<500 missed at 25 cameras (p95 620 ms, limit 500 ms)",
        ),
        (stage(1, 25, "degraded"), "fewer than 95 % of the requests of a stage succeeded"),
    ],
)
def test_a_missed_run_names_what_was_missed_and_where(second: Any, expected: str) -> None:
    assert headline(report([HEALTHY, second])) == f"Not passed: {expected}."
    carried = headline(report([HEALTHY, second], capacity=TEN))
    assert carried == f"Not passed: {TEN.sentence}, {expected}."


@pytest.mark.parametrize("kind", ["baseline", "recovery"])
def test_what_does_not_count_is_not_what_was_missed(kind: str) -> None:
    aside = stage(0, 10, "overloaded", "slow", kind=kind)
    assert headline(report([aside, stage(1, 25, "overloaded", "too slow")])) == (
        "Not passed: overloaded at 25 cameras (too slow)."
    )


def test_what_a_search_overloads_on_purpose_is_no_reason() -> None:
    searched = stage(0, 90, "overloaded", "searched", kind="search")
    burst = stage(1, 200, "overloaded", "burst", kind="burst")
    assert headline(report([searched, burst])) == (
        "Not passed: overloaded in a burst of 200 frames (burst)."
    )


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ([stage(0, 10, "inconclusive", "saturated")], "Inconclusive at 10 cameras: saturated."),
        (
            [stage(0, 10, "healthy", objectives=[UNSAID])],
            "Inconclusive at 10 cameras: p(95)<500, insufficient samples: 90, 130 needed.",
        ),
        (
            [HEALTHY, stage(1, 25, "inconclusive", "saturated")],
            "Inconclusive at 25 cameras: saturated.",
        ),
        ([], "Inconclusive."),
    ],
)
def test_a_doubt_is_named(stages: list[Any], expected: str) -> None:
    assert headline(report(stages, outcome="inconclusive")) == expected


def test_a_baseline_too_short_for_an_objective_is_not_the_doubt() -> None:
    aside = stage(0, 1, "healthy", kind="baseline", objectives=[UNSAID])
    saturated = stage(1, 25, "inconclusive", "saturated")
    assert headline(report([aside, saturated], outcome="inconclusive")) == (
        "Inconclusive at 25 cameras: saturated."
    )


def test_an_interrupted_run_counts_the_stages_of_the_plan_alone() -> None:
    stages = [stage(0, 1, "healthy", kind="baseline"), stage(1, 10, "healthy")]
    assert headline(report(stages, outcome="interrupted")) == (
        "Interrupted: 1 of 2 stages measured in full."
    )
    assert headline(report([], outcome="error")) == (
        "The load tester stopped early: 0 of 2 stages measured in full."
    )


def test_a_row_is_marked_where_it_is_no_plain_stage() -> None:
    unsteady = Steadiness(False, 1.0, 1.4, "")
    assert marks(HEALTHY) == []
    assert marks(stage(0, 9, "healthy", kind="burst", steadiness=unsteady)) == ["burst", "unsteady"]
    assert marks(stage(0, 9, "healthy", steadiness=Steadiness(None, None, None, ""))) == []


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("it waits", "It waits."),
        ("It waits. ", "It waits."),
        ("p95 20 ms", "p95 20 ms."),
        ("", ""),
    ],
)
def test_sentences_end_alike(given: str, shown: str) -> None:
    assert ended(given) == shown
