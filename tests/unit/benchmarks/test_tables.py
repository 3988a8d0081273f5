"""Tables say what was measured, how it varied, and what could not be run."""

from benchmarks.figures import Spread, Target, Window
from benchmarks.rounds import Result
from benchmarks.tables import aligned, results_table, shown, targets_table


def window(requests_per_s: float) -> Window:
    return Window(requests_per_s, 1.0, 2.0, None, 10, 1, 0, cpu_ms={"gateway": 0.5})


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert aligned([["a", "long"], ["bcd", "1"]]) == "a    long\nbcd     1"


def test_a_spread_is_shown_with_its_ends_and_the_unknown_as_a_dash() -> None:
    assert shown(Spread(2.0, 1.0, 3.5), 1) == "2.0 (1.0-3.5)"
    assert shown(None, 1) == "-"


def test_a_row_has_medians_over_rounds_and_sums_of_faults() -> None:
    table = results_table([Result("g", "this gateway", [window(90), window(110)])], title="idle")
    row = next(line for line in table.splitlines() if line.startswith("this gateway"))
    assert row.split()[2:4] == ["100", "(90-110)"]
    assert row.split()[-6:] == ["2", "0", "0.50", "-", "-", "-"]


def test_what_did_not_run_says_why() -> None:
    table = results_table([Result("t", "Triton alone", not_run="no network")], title="idle")
    assert table.splitlines()[2].split("  ")[-1].strip() == "not run"
    assert table.splitlines()[-1] == "Triton alone not run: no network"


def test_targets_say_reached_or_not() -> None:
    table = targets_table(
        [
            Target("ratio", 12.0, 10.0, True),
            Target("time", 0.8, 0.7, False, " ms"),
            Target("free", 1.0, None, True),
        ]
    )
    assert [line.split()[1:] for line in table.splitlines()[1:]] == [
        ["12.00", ">=", "10", "reached"],
        ["0.80", "ms", "<=", "0.7", "ms", "not", "reached"],
        ["1.00", "-"],
    ]
