"""The plan of an overload, and what made-up answers to it say."""

import pytest

from benchmarks.load import Answer
from benchmarks.overload_phases import Outcome, Plan, outcome, targets_of

PLAN = Plan(capacity_per_s=100, factor=5, overload_s=10, calm_s=5)


def answer(
    began_s: float, latency_ms: float, status: int = 200, fault: str | None = None
) -> Answer:
    return Answer(began_s, began_s + latency_ms / 1000, latency_ms, status, fault)


def test_a_plan_is_calm_then_five_times_too_much_then_calm() -> None:
    schedule = PLAN.schedule()
    assert schedule == sorted(schedule)
    before = [when for when in schedule if when < 5]
    during = [when for when in schedule if 5 <= when < 15]
    after = [when for when in schedule if when >= 15]
    assert (len(before), len(during), len(after)) == (50, 5000, 70)
    assert schedule[-1] < PLAN.end_s == 22


def test_an_outcome_tells_the_admitted_from_the_rejected() -> None:
    answers = [
        *(answer(when, 20) for when in (0.0, 1.0, 2.0)),
        *(answer(5 + place / 100, 500) for place in range(900)),
        *(answer(5 + place / 1000, 8, status=503) for place in range(4000)),
        answer(6, 100, fault="wrong score"),
        answer(15.5, 400),  # within the two seconds that healing may take
        *(answer(when, 30) for when in (18.0, 19.0)),
    ]
    found = outcome(PLAN, answers)
    assert found.offered_per_s == pytest.approx(490.1)
    assert found.goodput_per_s == pytest.approx(90)
    assert (found.admitted_p95_ms, found.rejected_p95_ms) == pytest.approx((500, 8))
    assert found.statuses == {"200": 901, "503": 4000}
    assert found.faults == {"wrong score": 1}
    assert (found.calm_p50_ms, found.recovered_p50_ms) == pytest.approx((20, 30))


def test_an_answer_that_comes_after_the_overload_is_no_goodput() -> None:
    assert outcome(PLAN, [answer(14.9, 200)]).goodput_per_s == 0


def test_answers_that_never_came_are_counted_as_none() -> None:
    lost = Answer(6, 16, 10_000, None, "no answer")
    assert outcome(PLAN, [lost]).statuses == {"none": 1}


def good_outcome() -> Outcome:
    return outcome(
        PLAN,
        [
            answer(1, 20),
            *(answer(5 + place / 100, 500) for place in range(940)),
            answer(6, 8, status=503),
            answer(19, 25),
        ],
    )


def test_a_gateway_that_holds_reaches_every_target() -> None:
    targets = targets_of(PLAN, good_outcome(), objective_ms=1000, memory_bytes=[90, 100, 105])
    assert [target.reached for target in targets] == [True] * 6


def test_a_gateway_that_collapses_misses_them() -> None:
    found = outcome(
        PLAN,
        [
            answer(1, 20),
            *(answer(5 + place, 3000) for place in range(5)),
            answer(6, 800, status=503, fault="no Retry-After"),
            answer(19, 900),
        ],
    )
    targets = targets_of(PLAN, found, objective_ms=1000, memory_bytes=[90, 100, 200])
    assert [target.reached for target in targets] == [False] * 6


def test_nothing_rejected_leaves_that_target_unknown() -> None:
    found = outcome(PLAN, [answer(1, 20), answer(6, 20), answer(19, 20)])
    targets = targets_of(PLAN, found, objective_ms=1000, memory_bytes=[1, 1, 1])
    assert targets[2].reached is None
