import itertools
import math
import random
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest._analysis._metrics import (
    interval_ranks,
    paced_count_std,
    percentile,
    percentile_interval,
    samples_needed,
    summarise,
)

durations = st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=300)


@given(durations, st.floats(min_value=0, max_value=100))
def test_percentiles_are_those_of_numpy(values: list[float], percent: float) -> None:
    expected = float(np.percentile(values, percent))
    assert percentile(sorted(values), percent) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(durations, st.floats(min_value=0, max_value=100), st.floats(min_value=0, max_value=100))
def test_percentiles_rise_with_the_percent_and_stay_among_the_values(
    values: list[float], one: float, other: float
) -> None:
    ordered = sorted(values)
    low, high = sorted((one, other))
    assert ordered[0] <= percentile(ordered, low) <= ordered[-1]
    assert percentile(ordered, low) <= percentile(ordered, high) * (1 + 1e-12) + 1e-9


@given(durations)
def test_the_summary_is_that_of_the_statistics_module(values: list[float]) -> None:
    metric = summarise(values, "ms")
    assert metric.count == len(values)
    assert metric.min == min(values)
    assert metric.max == max(values)
    assert metric.avg == pytest.approx(statistics.fmean(values))
    assert metric.p50 == pytest.approx(statistics.median(values), rel=1e-9, abs=1e-9)
    if len(values) > 1:
        assert metric.std == pytest.approx(statistics.stdev(values))
    else:
        assert metric.std is None


@pytest.mark.parametrize(("percent", "needed"), [(90, 64), (95, 130), (99, 662), (99.9, 6636)])
def test_percentiles_need_the_samples_of_the_published_table(percent: float, needed: int) -> None:
    assert samples_needed(percent) == needed


@given(st.integers(1, 99))
def test_the_samples_needed_are_the_fewest_that_do_and_more_for_a_rarer_case(percent: int) -> None:
    def chance(count: int) -> float:
        """That at most one of so many samples lies beyond the percentile."""
        beyond = 1 - percent / 100
        return (1 - beyond) ** count + count * beyond * (1 - beyond) ** (count - 1)

    needed = samples_needed(percent)
    assert chance(needed) <= 0.01
    assert needed == 2 or chance(needed - 1) > 0.01
    assert needed <= samples_needed(percent + 0.5)


@given(durations)
def test_what_a_summary_says_is_in_order(values: list[float]) -> None:
    metric = summarise(values, "ms")
    steps = [metric.min, metric.p50, metric.p90, metric.p95, metric.p99, metric.max]
    said = [step for step in steps if step is not None]
    assert all(low <= high for low, high in itertools.pairwise(said))
    assert metric.min is not None
    assert metric.avg is not None
    assert metric.max is not None
    assert metric.min - 1e-9 <= metric.avg <= metric.max + 1e-9


@given(st.integers(1, 50), st.floats(0.2, 20.0))
def test_frames_of_paced_users_vary_no_more_than_is_said(users: int, intervals: float) -> None:
    # A user's phase is anywhere in its interval: it sends one frame more with this chance.
    one_more = intervals % 1
    assert math.sqrt(users * one_more * (1 - one_more)) <= paced_count_std(users) + 1e-12


@pytest.mark.parametrize(
    ("count", "known"),
    [
        (1, {"p50"}),
        (63, {"p50"}),
        (64, {"p50", "p90"}),
        (129, {"p50", "p90"}),
        (130, {"p50", "p90", "p95"}),
        (661, {"p50", "p90", "p95"}),
        (662, {"p50", "p90", "p95", "p99"}),
    ],
)
def test_a_percentile_with_too_few_samples_is_unknown(count: int, known: set[str]) -> None:
    metric = summarise([float(value) for value in range(count)], "ms")
    names = ("p50", "p90", "p95", "p99")
    assert {name for name in names if getattr(metric, name) is not None} == known


def test_no_samples_are_unknown_and_not_zero() -> None:
    metric = summarise([], "ms")
    assert metric.count == 0
    assert (metric.avg, metric.min, metric.max, metric.p50, metric.std) == (None,) * 5


def binomial_at_most(limit: int, count: int, below: float) -> float:
    return math.fsum(
        math.comb(count, k) * below**k * (1 - below) ** (count - k) for k in range(limit + 1)
    )


@given(st.integers(min_value=1, max_value=900), st.sampled_from([50, 95]))
def test_the_ranks_hold_the_percentile_with_95_percent_and_no_narrower_ones_do(
    count: int, percent: int
) -> None:
    below = percent / 100
    ranks = interval_ranks(count, percent)
    if ranks is None:
        # Not even the extremes have 2.5 % or less beyond them.
        assert max(below**count, (1 - below) ** count) > 0.025
        return
    low, high = ranks
    assert 1 <= low < high <= count
    assert binomial_at_most(low - 1, count, below) <= 0.025
    assert 1 - binomial_at_most(high - 1, count, below) <= 0.025 + 1e-9
    assert binomial_at_most(low, count, below) > 0.025
    assert 1 - binomial_at_most(high - 2, count, below) > 0.025


@pytest.mark.parametrize(
    ("count", "percent", "ranks"),
    [
        # Published tables of the median's order statistics.
        (5, 50, None),
        (6, 50, (1, 6)),
        (10, 50, (2, 9)),
        (20, 50, (6, 15)),
        (100, 50, (40, 61)),
        (71, 95, None),
    ],
)
def test_the_ranks_are_those_of_the_tables(
    count: int, percent: float, ranks: tuple[int, int] | None
) -> None:
    assert interval_ranks(count, percent) == ranks


@pytest.mark.parametrize("percent", [50, 95])
def test_of_a_million_values_the_ranks_are_those_of_the_normal_distribution(percent: int) -> None:
    count, below = 1_000_000, percent / 100
    half_width = 1.959964 * math.sqrt(count * below * (1 - below))
    ranks = interval_ranks(count, percent)
    assert ranks is not None
    assert ranks == pytest.approx((count * below - half_width, count * below + half_width), abs=2)


@pytest.mark.parametrize(("percent", "truth"), [(50, math.log(2)), (95, math.log(20))])
def test_the_interval_holds_the_truth_95_times_in_100(percent: float, truth: float) -> None:
    draw = random.Random(1)
    held = 0
    for _ in range(2000):
        interval = percentile_interval(sorted(draw.expovariate(1.0) for _ in range(200)), percent)
        assert interval is not None
        held += interval[0] <= truth <= interval[1]
    assert held / 2000 >= 0.94


@given(durations)
def test_the_percentile_lies_in_its_interval(values: list[float]) -> None:
    metric = summarise(values, "ms")
    for value, interval in ((metric.p50, metric.p50_interval), (metric.p95, metric.p95_interval)):
        if interval is not None:
            assert value is not None
            assert interval[0] <= value <= interval[1]
    assert (metric.p50_interval is None) == (len(values) < 6)
    assert (metric.p95_interval is None) == (metric.p95 is None)
