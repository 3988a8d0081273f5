import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest._analysis._findings import Grade
from loadtest._analysis._grade import ADVICE, GradedStage, grade
from tests.processes import PROJECT

HEALTHY_SUCCESS_PERCENT = 99.9


def stage(
    users: int, e2e_ms: float | None, success_percent: float | None = 100.0, **more: str
) -> GradedStage:
    return GradedStage(users, success_percent, e2e_ms, "p95", **more)


def graded(*stages: GradedStage) -> Grade:
    return grade(stages, healthy_success_percent=HEALTHY_SUCCESS_PERCENT)


@pytest.mark.parametrize(
    ("e2e_ms", "success_percent", "level"),
    [
        (499.9, 100.0, "good"),
        (499.9, 99.9, "good"),
        (500.0, 100.0, "marginal"),
        (800.0, 100.0, "marginal"),
        (800.1, 100.0, "poor"),
        (20.0, 99.8, "poor"),
        (None, 0.0, "poor"),
    ],
)
def test_the_reference_load_is_graded_by_latency_and_failures(
    e2e_ms: float | None, success_percent: float, level: str
) -> None:
    found = graded(stage(10, 5.0), stage(100, e2e_ms, success_percent), stage(200, 5.0))
    assert found.level == level
    assert found.users == 100
    assert found.advice == ADVICE[found.level]


def test_the_sentence_says_what_was_measured_and_the_limits() -> None:
    assert graded(stage(100, 499.96)).sentence == (
        "Good with 100 users: p95 499.96 ms, success 100 % "
        "(good is below 500 ms, poor above 800 ms or below 99.9 % success)."
    )


def test_without_an_answer_the_failures_alone_are_named() -> None:
    assert graded(stage(100, None, 0.0)).sentence.startswith("Poor with 100 users: success 0 % (")


def test_of_several_stages_at_the_reference_load_the_worst_counts() -> None:
    assert graded(stage(100, 100.0), stage(100, 600.0), stage(100, 200.0)).level == "marginal"


@pytest.mark.parametrize(
    ("stages", "level", "users", "start"),
    [
        ([stage(50, 900.0)], "poor", 50, "Not measured with 100 users, but already so at"),
        ([stage(200, 300.0)], "good", 200, "Not measured with 100 users, but still so at"),
        ([stage(50, 600.0), stage(200, 700.0)], "marginal", 50, "Not measured with 100 users"),
        ([stage(50, 900.0), stage(200, 300.0)], "poor", 50, "Not measured with 100 users"),
        ([stage(50, 300.0), stage(200, 900.0)], "unknown", None, "Not graded: no stage had 100"),
        ([stage(50, 300.0)], "unknown", None, "Not graded: no stage had 100 users"),
        ([stage(50, 600.0)], "unknown", None, "Not graded: no stage had 100 users"),
        ([stage(200, 900.0)], "unknown", None, "Not graded: no stage had 100 users"),
        ([], "unknown", None, "Not graded: no stage had 100 users"),
        ([stage(100, None, None)], "unknown", None, "Not graded: nothing was measured with 100"),
    ],
)
def test_without_the_reference_load_the_others_decide_where_they_can(
    stages: list[GradedStage], level: str, users: int | None, start: str
) -> None:
    found = graded(*stages)
    assert (found.level, found.users) == (level, users)
    assert found.sentence.startswith(start)
    assert found.advice


def test_a_stage_in_doubt_is_no_ground_for_a_grade() -> None:
    found = graded(stage(100, 900.0, doubt="the load generator was saturated"))
    assert found.level == "unknown"
    assert found.sentence == (
        "Not graded: the stage with 100 users is in doubt (the load generator was saturated)."
    )


@given(
    st.lists(st.tuples(st.integers(1, 200), st.floats(1, 2000)), max_size=6),
    st.floats(1, 2000),
    st.floats(1, 2000),
)
def test_a_slower_system_is_never_graded_better(
    others: list[tuple[int, float]], quick_ms: float, slow_ms: float
) -> None:
    ranks = {"good": 0, "marginal": 1, "poor": 2}
    stages = [stage(users, e2e_ms) for users, e2e_ms in others]
    low_ms, high_ms = sorted((quick_ms, slow_ms))
    better = graded(*stages, stage(100, low_ms)).level
    worse = graded(*stages, stage(100, high_ms)).level
    assert ranks[better] <= ranks[worse]


def test_the_advice_names_only_what_there_is() -> None:
    text = " ".join(" ".join(lines) for lines in ADVICE.values())
    settings = (PROJECT / "docs" / "settings.md").read_text()
    makefile = (PROJECT / "Makefile").read_text()
    names = set(re.findall(r"FRAMEGATE_[A-Z0-9_]+", text))
    targets = set(re.findall(r"\bmake ([a-z]+)", text))
    assert names
    assert targets
    assert {name for name in names if f"`{name}`" not in settings} == set()
    assert {target for target in targets if f"\n{target}:" not in makefile} == set()
