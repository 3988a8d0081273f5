"""The tables from figures to verdicts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.lifecycle.verdicts import LEAK, LOAD_TIME, RECLAMATION, TABLES, Table, Verdict


@pytest.mark.parametrize(
    ("table", "value", "verdict"),
    [
        (LOAD_TIME, 1_999, Verdict.EXCELLENT),
        (LOAD_TIME, 2_000, Verdict.GOOD),
        (LOAD_TIME, 5_000, Verdict.MODERATE),
        (LOAD_TIME, 10_000, Verdict.MODERATE),
        (LOAD_TIME, 10_001, Verdict.SLOW),
        (RECLAMATION, 90.1, Verdict.EXCELLENT),
        (RECLAMATION, 90, Verdict.GOOD),
        (RECLAMATION, 70, Verdict.GOOD),
        (RECLAMATION, 69.9, Verdict.MODERATE),
        (RECLAMATION, 50, Verdict.MODERATE),
        (RECLAMATION, 49.9, Verdict.POOR),
        (LEAK, -3, Verdict.PASS),
        (LEAK, 9.9, Verdict.PASS),
        (LEAK, 10, Verdict.CAUTION),
        (LEAK, 50, Verdict.CAUTION),
        (LEAK, 50.1, Verdict.FAIL),
    ],
)
def test_the_limits_are_those_of_the_tables(table: Table, value: float, verdict: Verdict) -> None:
    assert table.verdict(value) is verdict


def test_of_what_is_not_known_there_is_no_verdict() -> None:
    assert [table.verdict(None) for table in TABLES] == [None, None, None]


@given(st.floats(allow_nan=False), st.sampled_from(TABLES))
def test_every_figure_has_a_verdict_with_something_to_do(value: float, table: Table) -> None:
    row = table.row(value)
    assert row is not None
    assert row.action.endswith(".")


@given(st.floats(0, 1e5), st.floats(0, 1e5), st.sampled_from(TABLES))
def test_a_figure_that_is_worse_never_has_a_better_verdict(
    a: float, b: float, table: Table
) -> None:
    places = [row.verdict for row in table.rows]
    low, high = sorted((a, b))
    better, worse = (high, low) if table is RECLAMATION else (low, high)
    first, second = table.verdict(better), table.verdict(worse)
    assert first is not None
    assert second is not None
    assert places.index(first) <= places.index(second)
