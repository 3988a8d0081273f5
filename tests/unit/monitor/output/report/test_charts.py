"""Charts as SVG."""

import pytest

from monitor.output.report.charts import Band, Series, line_chart, thinned, ticks
from tests.unit.monitor.output.made_observations import HOSTILE


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


def test_a_band_is_shaded_by_its_level_and_says_it() -> None:
    chart = line_chart(
        "t",
        [Series("a", [(0, 1.0), (10, 1.0)])],
        x_label="s",
        y_unit="ms",
        bands=[Band(0, 9.5, "healthy", "healthy"), Band(9.5, 10, "overloaded", "overloaded")],
    )
    assert '<rect class="band overloaded"' in chart
    assert ">healthy</text>" in chart
    assert ">overloaded</text>" not in chart  # Too narrow for the word, but not for its title.
    assert "<title>overloaded</title>" in chart


def test_labels_are_escaped() -> None:
    band = Band(0, 1, HOSTILE, HOSTILE)
    lines = line_chart(
        HOSTILE, [Series(HOSTILE, [(0, 1.0)])], x_label=HOSTILE, y_unit=HOSTILE, bands=[band]
    )
    assert "<script" not in lines
