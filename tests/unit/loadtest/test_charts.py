"""Charts as SVG."""

import pytest

from loadtest._report._bars import Bar, share_bars
from loadtest._report._charts import Series, line_chart, thinned, ticks
from tests.unit.loadtest.made_reports import HOSTILE


def test_a_line_breaks_where_nothing_is_known() -> None:
    chart = line_chart(
        "t",
        [Series("a", [(0, 1.0), (1, 2.0), (2, None), (3, 3.0)])],
        x_label="s",
        y_unit="ms",
        dots=False,
    )
    assert chart.count("<polyline") == 2
    assert chart.count("<circle") == 1  # A lone point would be invisible as a line.


def test_the_legend_names_only_what_is_drawn() -> None:
    chart = line_chart(
        "t",
        [Series("p50", [(10, 1.0)]), Series("p99", [(10, None)])],
        x_label="users",
        y_unit="ms",
    )
    assert '<li class="s0">p50</li>' in chart
    assert "p99" not in chart


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        (10.0, [0, 2, 4, 6, 8, 10]),
        (0.9, [0, 0.2, 0.4, 0.6, 0.8]),
        (1234.0, [0, 250, 500, 750, 1000]),
        (0.0, [0]),
    ],
)
def test_axis_ticks_are_round(top: float, expected: list[float]) -> None:
    assert ticks(top) == pytest.approx(expected)


def test_thinning_loses_no_peak() -> None:
    points = [(float(n), 1000.0 if n == 777 else 1.0) for n in range(5_000)]
    kept = thinned(points, 100)
    assert len(kept) <= 100
    assert (777.0, 1000.0) in kept
    assert thinned(points[:100], 100) == points[:100]


def test_thinning_keeps_what_is_known_among_what_is_not() -> None:
    assert thinned([(0.0, None), (1.0, 5.0), (2.0, None), (3.0, None)], 2) == [
        (1.0, 5.0),
        (2.0, None),
    ]


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
    lines = line_chart(HOSTILE, [Series(HOSTILE, [(0, 1.0)])], x_label=HOSTILE, y_unit=HOSTILE)
    assert "<script" not in bars
    assert "<script" not in lines
