"""From figures to verdicts: the tables, in one place. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    EXCELLENT = "excellent"
    GOOD = "good"
    MODERATE = "moderate"
    SLOW = "slow"
    POOR = "poor"
    PASS = "pass"  # noqa: S105 - a verdict
    CAUTION = "caution"
    FAIL = "fail"


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Attributes:
        range: as a person reads it.
        holds: whether a figure is in it; the first row of a table that says so counts.
    """

    range: str
    verdict: Verdict
    action: str
    holds: Callable[[float], bool]


@dataclass(frozen=True)
class Table:
    name: str
    unit: str
    rows: Sequence[Row]

    def row(self, value: float | None) -> Row | None:
        """None where the figure is not known."""
        if value is None:
            return None
        return next(row for row in self.rows if row.holds(value))

    def verdict(self, value: float | None) -> Verdict | None:
        row = self.row(value)
        return row.verdict if row else None


LOAD_TIME = Table(
    "Load time, files in the page cache",
    "ms",
    (
        Row("under 2 s", Verdict.EXCELLENT, "Load on the first request.", lambda ms: ms < 2_000),
        Row("2 to 5 s", Verdict.GOOD, "Load on the first request.", lambda ms: ms < 5_000),
        Row(
            "5 to 10 s",
            Verdict.MODERATE,
            "Load the models that are asked for most at the start.",
            lambda ms: ms <= 10_000,
        ),
        Row("over 10 s", Verdict.SLOW, "Load at the start.", lambda ms: True),
    ),
)
RECLAMATION = Table(
    "Memory that comes back",
    "%",
    (
        Row("over 90 %", Verdict.EXCELLENT, "Garbage collection is enough.", lambda p: p > 90),
        Row(
            "70 to 90 %",
            Verdict.GOOD,
            "Garbage collection will do; watch processes that live long.",
            lambda p: p >= 70,
        ),
        Row(
            "50 to 70 %",
            Verdict.MODERATE,
            "Consider a subprocess where memory is short.",
            lambda p: p >= 50,
        ),
        Row("under 50 %", Verdict.POOR, "Use a subprocess.", lambda p: True),
    ),
)
LEAK = Table(
    "Growth over the cycles",
    "MB",
    (
        Row("under 10 MB", Verdict.PASS, "No leak to speak of.", lambda mb: mb < 10),
        Row("10 to 50 MB", Verdict.CAUTION, "Watch it in production.", lambda mb: mb <= 50),
        Row("over 50 MB", Verdict.FAIL, "It leaks: use a subprocess.", lambda mb: True),
    ),
)
TABLES = (LOAD_TIME, RECLAMATION, LEAK)
