"""Stacked bars as SVG."""

from loadtest._report._bars import Bar, share_bars
from tests.unit.loadtest.made_reports import HOSTILE


def test_the_parts_of_a_bar_fill_its_length() -> None:
    chart = share_bars("t", ("a", "b", "c"), [Bar("10", (25.0, None, 75.0), "100 ms")], unit="ms")
    assert 'class="p0" x="46.0" y="0" width="58.0"' in chart
    assert 'class="p2" x="104.0" y="0" width="174.0"' in chart
    assert "25 %" in chart
    assert "75 %" in chart
    assert '<li class="p1">' not in chart


def test_a_bar_of_nothing_is_no_error() -> None:
    assert "<rect" not in share_bars("t", ("a",), [Bar("10", (0.0,), "0 ms")], unit="ms")
    assert "Nothing was recorded for “t”." in share_bars("t", ("a",), [], unit="ms")


def test_labels_are_escaped() -> None:
    bars = share_bars(HOSTILE, (HOSTILE,), [Bar(HOSTILE, (1.0,), HOSTILE)], unit=HOSTILE)
    assert "<script" not in bars
