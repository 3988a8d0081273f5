import random

import pytest

from monitor.judgement.trend import LEAST_POINTS, LEAST_SPAN_S, growth_of

STEP_S = LEAST_SPAN_S / (LEAST_POINTS - 1)


def points(values: list[float], step_s: float = STEP_S) -> list[tuple[float, float]]:
    return [(number * step_s, value) for number, value in enumerate(values)]


def test_a_line_grows_by_its_slope() -> None:
    found = growth_of(points([100 + 2.0 * number for number in range(LEAST_POINTS)]))
    assert found is not None
    assert found.per_hour == pytest.approx(2 * 3600 / STEP_S)
    assert found.span_s == pytest.approx(LEAST_SPAN_S)


def test_too_few_points_or_too_short_a_time_say_nothing() -> None:
    line = [float(number) for number in range(60)]
    assert growth_of(points(line[: LEAST_POINTS - 1], 2 * STEP_S)) is None
    assert growth_of(points(line, LEAST_SPAN_S / 60)) is None
    assert growth_of([]) is None


def test_a_single_reading_far_off_changes_little() -> None:
    values = [100 + 2.0 * number for number in range(40)]
    values[25] += 5000
    found = growth_of(points(values))
    assert found is not None
    assert found.per_hour == pytest.approx(2 * 3600 / STEP_S, rel=0.05)


@pytest.mark.parametrize("count", [LEAST_POINTS, 60])
def test_noise_of_many_seeds_does_not_grow(count: int) -> None:
    grown = 0
    for seed in range(200):
        rng = random.Random(seed)
        grown += growth_of(points([rng.gauss(0, 1) for _ in range(count)])) is not None
    assert grown == 0


def test_what_was_there_before_is_no_growth() -> None:
    values = [100 + 2.0 * number for number in range(40)]
    values[0] = 300
    assert growth_of(points(values)) is None


def test_what_goes_on_more_slowly_is_no_growth() -> None:
    steep = [3.0 * number for number in range(20)]
    assert growth_of(points([*steep, *(60 + 2.0 * number for number in range(20))])) is None
    assert growth_of(points([*steep, *(60 + 2.5 * number for number in range(20))])) is not None
