from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from monitor.judgement.series import LONGEST_SPAN_S, MOST_POINTS, FloorSeries


def filled(readings: list[tuple[float, float]], **options: float) -> FloorSeries:
    series = FloorSeries(**options)  # type: ignore[arg-type]
    for at_s, value in readings:
        series.add(at_s, value)
    return series


def test_a_point_is_the_least_reading_of_its_span() -> None:
    series = filled([(100, 7), (102, 3), (104, 9), (105, 8), (109, 6), (110, 1)])
    assert series.points() == [(0.0, 3), (5.0, 6)]


def test_it_says_when_a_point_is_complete() -> None:
    series = FloorSeries()
    assert [series.add(at_s, 1) for at_s in (0, 4, 5, 9, 10)] == [False, False, True, False, True]


def test_too_many_points_become_half_as_many_of_twice_the_length() -> None:
    series = filled([(5.0 * n, 10 + n % 2) for n in range(9)], most_points=8)
    assert series.points() == [(0.0, 10), (10.0, 10), (20.0, 10), (30.0, 10)]


def test_after_the_longest_span_the_oldest_points_go() -> None:
    week_s = 7 * 86_400
    series = filled([(float(at_s), at_s) for at_s in range(0, week_s, 60)])
    points = series.points()
    assert len(points) == MOST_POINTS - 1
    steps = {later_s - earlier_s for (earlier_s, _), (later_s, _) in pairwise(points)}
    assert steps == {LONGEST_SPAN_S}
    assert points[-1][0] > week_s - 1000


def test_a_gap_leaves_no_points() -> None:
    series = filled([(0, 5), (6, 5), (600, 4), (700, 4)])
    assert series.points() == [(0.0, 5), (5.0, 5), (600.0, 4)]


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 1e12)), min_size=1, max_size=400))
def test_the_floor_is_kept_in_few_points_in_order(steps: list[tuple[float, float]]) -> None:
    series = FloorSeries(most_points=10)
    at_s = 0.0
    for step_s, value in steps:
        at_s += step_s
        series.add(at_s, value)
    points = series.points()
    assert len(points) < 10
    assert [at for at, _ in points] == sorted({at for at, _ in points})
    assert {value for _, value in points} <= {value for _, value in steps}
