import math
import random
from statistics import NormalDist, fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest._analysis._metrics import summarise
from loadtest._compare._values import (
    Value,
    difference,
    mean_interval,
    measured,
    rate_interval,
    wilson_percent,
)

amounts = st.floats(min_value=0.001, max_value=1e6)


@st.composite
def measurements(draw: st.DrawFn) -> Value:
    value = draw(amounts)
    below, above = draw(st.floats(0, 1)), draw(st.floats(0, 1e3))
    return Value(value, value, (value * (1 - below), value + above))


def expected(low: float, high: float) -> Value:
    return Value(low, high, expected=True)


@given(measurements(), measurements())
def test_the_other_way_round_is_the_same_difference_with_the_other_sign(a: Value, b: Value) -> None:
    there, back = difference(a, b), difference(b, a)
    assert there.interval is not None
    assert back.interval is not None
    assert there.amount == -back.amount
    assert there.interval == pytest.approx((-back.interval[1], -back.interval[0]))
    assert there.certain == back.certain


@given(measurements())
def test_a_value_does_not_differ_from_itself(value: Value) -> None:
    assert difference(value, value).amount == 0
    assert not difference(value, value).certain


@given(measurements(), measurements())
def test_intervals_that_do_not_overlap_are_a_certain_difference(a: Value, b: Value) -> None:
    assert a.interval is not None
    assert b.interval is not None
    if a.interval[1] < b.interval[0]:
        assert difference(a, b).certain


@pytest.mark.parametrize(
    ("a", "b", "amount", "percent"),
    [
        (expected(100, 200), Value(150, 150), 0, 0),
        (expected(100, 200), Value(250, 250), 50, 25),
        (expected(100, 200), Value(50, 50), -50, -50),
        (Value(250, 250), expected(100, 200), -50, -20),
        (expected(500, math.inf), Value(9000, 9000), 0, 0),
        (expected(100, 200), expected(300, 400), 100, 50),
        (expected(100, 200), expected(150, 400), 0, 0),
        (expected(500, math.inf), expected(600, math.inf), 0, 0),
        (Value(0, 0), Value(5, 5), 5, None),
    ],
)
def test_from_a_range_it_is_counted_from_its_nearest_end(
    a: Value, b: Value, amount: float, percent: float | None
) -> None:
    made = difference(a, b)
    assert made.amount == amount
    assert made.percent == percent
    assert made.interval is None
    assert made.certain == (amount != 0)


def test_of_a_run_against_a_range_the_uncertainty_is_the_run_s() -> None:
    made = difference(expected(100, 200), Value(250, 250, (190, 320)))
    assert made.interval == pytest.approx((-10, 120))
    assert made.percent_interval == pytest.approx((-5, 60))
    assert not made.certain


def test_two_wilson_intervals_make_newcombe_s_published_one() -> None:
    # R. G. Newcombe, Statistics in Medicine 17 (1998) 873, table II, case a, method 10.
    a = measured(100 * 48 / 80, wilson_percent(48, 80))
    b = measured(100 * 56 / 70, wilson_percent(56, 70))
    assert a is not None
    assert b is not None
    made = difference(a, b)
    assert made.interval is not None
    assert made.amount == pytest.approx(20.0)
    assert made.interval == pytest.approx((5.24, 33.39), abs=0.01)


@given(st.integers(0, 2000), st.integers(1, 2000))
def test_the_interval_of_success_holds_it_and_stays_within_0_and_100(good: int, bad: int) -> None:
    interval = wilson_percent(good, good + bad)
    assert interval is not None
    assert 0 <= interval[0] <= 100 * good / (good + bad) <= interval[1] <= 100
    assert interval[0] < interval[1]


def test_success_of_everything_is_not_certain_success() -> None:
    interval = wilson_percent(150, 150)
    assert interval is not None
    assert interval == pytest.approx((97.50, 100), abs=0.01)
    assert wilson_percent(0, 0) is None


def test_a_mean_needs_its_spread_and_enough_samples() -> None:
    assert mean_interval(10.0, 2.0, 100) == pytest.approx((9.608, 10.392), abs=1e-3)
    assert mean_interval(10.0, 2.0, 29) is None
    assert mean_interval(10.0, None, 100) is None
    assert mean_interval(None, 2.0, 100) is None


def test_a_paced_rate_is_as_sure_as_a_frame_per_camera_at_the_edges() -> None:
    assert rate_interval(1500, 1500, 100, 30.0) == pytest.approx((49.673, 50.327), abs=1e-3)
    failing = rate_interval(750, 1500, 100, 30.0)
    assert failing is not None
    assert failing[1] - failing[0] > 2.5
    assert rate_interval(0, 0, 100, 30.0) is None
    assert rate_interval(1, 1, 1, 0.0) is None


def test_the_rate_s_interval_holds_the_truth_95_times_in_100() -> None:
    draw = random.Random(2)
    users, pace_s, stage_s, success = 40, 2.0, 31.0, 0.97
    held = 0
    for _ in range(500):
        sent = sum(math.ceil((stage_s - draw.uniform(0, pace_s)) / pace_s) for _ in range(users))
        good = sum(draw.random() < success for _ in range(sent))
        interval = rate_interval(good, sent, users, stage_s)
        assert interval is not None
        held += interval[0] <= users * success / pace_s <= interval[1]
    assert held / 500 >= 0.94


@pytest.mark.parametrize("figure", ["p50", "p95", "avg"])
def test_the_difference_s_interval_holds_the_truth_95_times_in_100(figure: str) -> None:
    """Times spread like latencies, B slower than A by a fifth."""
    draw = random.Random(3)
    sigma, ratio, rounds = 0.5, 1.2, 400
    at = {"p50": 1.0, "p95": math.exp(sigma * NormalDist().inv_cdf(0.95)), "avg": 0.0}
    at["avg"] = math.exp(sigma**2 / 2)
    held = 0
    for _ in range(rounds):
        a = [draw.lognormvariate(0, sigma) for _ in range(300)]
        b = [ratio * draw.lognormvariate(0, sigma) for _ in range(200)]
        made = difference(value_of(a, figure), value_of(b, figure))
        assert made.interval is not None
        held += made.interval[0] <= (ratio - 1) * at[figure] <= made.interval[1]
    assert held / rounds >= 0.94


def value_of(times: list[float], figure: str) -> Value:
    if figure == "avg":
        mean = fmean(times)
        return Value(mean, mean, mean_interval(mean, stdev(times), len(times)))
    metric = summarise(times, "ms")
    value = metric.p50 if figure == "p50" else metric.p95
    assert value is not None
    interval = metric.p50_interval if figure == "p50" else metric.p95_interval
    return Value(value, value, interval)
