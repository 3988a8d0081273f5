import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest._analysis._metrics import percentile, samples_needed, summarise

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
