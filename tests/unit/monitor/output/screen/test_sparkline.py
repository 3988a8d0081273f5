import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.output.screen.sparkline import ASCII_BARS, BARS, sparkline


def one(values: Sequence[float | None], width: int, top: float | None = None) -> str:
    [line] = sparkline(values, width, top=top)
    return line


def test_eight_equal_steps_are_the_eight_bars() -> None:
    assert one([1, 2, 3, 4, 5, 6, 7, 8], 8) == BARS


def test_a_zero_is_the_lowest_bar_and_what_is_unknown_is_a_space() -> None:
    assert one([0.0, None, 4.0, math.nan], 4) == "▁ █ "


def test_the_scale_begins_at_0_and_ends_at_the_top_given() -> None:
    assert one([50.0, 100.0, 900.0, -3.0], 4, top=100.0) == "▄██▁"


def test_the_newest_values_stand_at_the_right_end() -> None:
    assert one([8.0, 1.0, 8.0], 2) == "▁█"
    assert one([8.0], 4) == "   █"


def test_several_lines_carry_one_bar_over_another() -> None:
    assert sparkline([0.0, 2.0, 3.0, 4.0, None], 5, top=4.0, height=2) == ("  ▄█ ", "▁███ ")


@pytest.mark.parametrize("values", [[], [None], [0.0, 0.0], [math.inf]])
def test_without_a_largest_value_nothing_is_divided(values: list[float | None]) -> None:
    assert set(one(values, 3)) <= {" ", "▁"}


@given(
    st.lists(st.none() | st.floats()),
    st.integers(min_value=0, max_value=40),
    st.none() | st.floats(min_value=0, allow_nan=False),
    st.integers(min_value=1, max_value=4),
    st.booleans(),
)
def test_lines_are_exactly_as_wide_and_as_many_as_asked_for(
    values: list[float | None], width: int, top: float | None, height: int, ascii_only: bool
) -> None:
    lines = sparkline(values, width, top=top, height=height, ascii_only=ascii_only)
    assert [len(line) for line in lines] == [width] * height
    assert set("".join(lines)) <= {" ", *(ASCII_BARS if ascii_only else BARS)}


@given(st.lists(st.floats(min_value=0, max_value=1e12), min_size=2, max_size=20))
def test_a_larger_value_never_has_a_lower_bar(values: list[float]) -> None:
    bars = one(sorted(values), len(values))
    assert bars == "".join(sorted(bars))
