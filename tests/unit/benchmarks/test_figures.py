"""Figures, spreads and targets from made-up loads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.figures import Spread, Target, difference, ratio, spread, window
from benchmarks.load import Answer, Load
from benchmarks.usage import Used

GOOD = Answer(began_s=0.0, finished_s=0.5, latency_ms=10.0, status=200, fault=None)


def load(answers: list[Answer]) -> Load:
    return Load(answers, seconds=2.0, cpu_s=0.004, sent=len(answers), lateness_ms=[])


def test_only_right_answers_within_the_time_make_throughput() -> None:
    late = GOOD._replace(finished_s=2.5)
    wrong = GOOD._replace(fault="wrong score")
    failed = GOOD._replace(status=500)
    lost = GOOD._replace(status=None, fault="no answer")
    found = window(load([GOOD, GOOD, GOOD, late, wrong, failed, lost]), [])
    assert found.requests_per_s == 1.5
    assert (found.sent, found.errors, found.wrong) == (7, 2, 1)
    assert found.faults == {"wrong score": 1, "no answer": 1}


def test_latencies_are_those_of_right_answers() -> None:
    answers = [GOOD._replace(latency_ms=float(ms)) for ms in range(101)]
    found = window(load([*answers, GOOD._replace(latency_ms=9e9, status=503)]), [])
    assert (found.p50_ms, found.p95_ms, found.p99_ms) == (50, 95, 99)


def test_nothing_answered_has_no_latency() -> None:
    assert window(load([]), []).p50_ms is None


def test_processor_time_is_per_request_by_role_and_by_process() -> None:
    used = [
        Used("gateway", "gunicorn", 1, 0.001),
        Used("gateway", "gunicorn", 2, 0.003),
        Used("triton", "tritonserver", 3, 0.002),
    ]
    found = window(load([GOOD, GOOD]), used)
    assert found.cpu_ms == pytest.approx({"gateway": 2.0, "triton": 1.0, "generator": 2.0})
    assert [(cost.process, cost.cpu_ms) for cost in found.processes[:2]] == [
        ("gunicorn", 0.5),
        ("gunicorn", 1.5),
    ]


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_a_median_lies_between_its_least_and_its_greatest(values: list[float]) -> None:
    found = spread(values)
    assert found is not None
    assert found.low == min(values) <= found.median <= max(values) == found.high


def test_what_is_not_known_is_left_out_of_a_spread() -> None:
    assert spread([None, 2.0, 4.0]) == Spread(3.0, 2.0, 4.0)
    assert spread([None]) is None


def test_quotients_and_differences_are_taken_round_by_round() -> None:
    # Twice as fast in each round, though the rounds differ by ten.
    assert ratio([20.0, 200.0], [10.0, 100.0]) == Spread(2.0, 2.0, 2.0)
    assert difference([5.0, 50.0], [4.0, 49.0]) == Spread(1.0, 1.0, 1.0)


def test_a_round_without_a_counterpart_has_no_quotient() -> None:
    assert ratio([1.0, 2.0], [0.0, 1.0]) == Spread(2.0, 2.0, 2.0)
    assert ratio([1.0], []) is None


@pytest.mark.parametrize(
    ("value", "limit", "at_least", "reached"),
    [
        (10.0, 10.0, True, True),
        (9.9, 10.0, True, False),
        (0.7, 0.7, False, True),
        (0.8, 0.7, False, False),
        (None, 0.7, False, None),
        (0.8, None, False, None),
    ],
)
def test_a_target_is_reached_missed_or_unknown(
    value: float | None, limit: float | None, at_least: bool, reached: bool | None
) -> None:
    assert Target("any", value, limit, at_least).reached is reached
