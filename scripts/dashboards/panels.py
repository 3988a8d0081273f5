"""What a dashboard shows, in few words."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["timeseries", "stat", "state-timeline"]

# Of Grafana's 24 columns: two, three or six panels stand side by side.
HALF, THIRD, SIXTH = 12, 8, 4


@dataclass(frozen=True)
class Query:
    """`legend` is the name of a line; {{label}} stands for a label's value."""

    expr: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """One picture.

    Attributes:
        unit: As Grafana calls it: s, percentunit, reqps, bytes, watt, celsius, short, …
        measure: Whose limits in monitor/thresholds.toml are drawn.
        maximum: Of the axis; None lets it follow the values.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    measure: str | None = None
    kind: Kind = "timeseries"
    width: int = THIRD
    maximum: float | None = None
    stacked: bool = False


@dataclass(frozen=True)
class Row:
    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Dashboard:
    """`name` is that of its file."""

    name: str
    title: str
    description: str
    rows: tuple[Row, ...]
