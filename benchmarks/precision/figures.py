"""From times and scores to figures and a table. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scripts.efficient_fiqa.drift import Drift


@dataclass(frozen=True)
class Cell:
    """One way of running the graph.

    Attributes:
        precision: as asked for; `default` leaves it to the runtime.
    """

    runtime: str
    precision: str
    threads: int
    batch_size: int

    @property
    def baseline(self) -> "Cell":
        """The same in full precision."""
        return Cell(self.runtime, "fp32", self.threads, self.batch_size)


class Call(NamedTuple):
    """One call: by the clock, and in processor time of all threads."""

    wall_ms: float
    cpu_ms: float


@dataclass(frozen=True)
class Figure:
    """
    Attributes:
        p50_ms: of one call, which scores a whole batch.
        images_per_s: the median over rounds, with the least and the greatest.
        cpu_ms_per_image: the median over rounds; on a busy machine it moves least.
        times_fp32: processor time of full precision over its own, both per picture and in the same
            round, the median over rounds; None where full precision was not measured.
    """

    cell: Cell
    p50_ms: float
    images_per_s: float
    images_per_s_low: float
    images_per_s_high: float
    cpu_ms_per_image: float
    times_fp32: float | None


def figures(calls: Mapping[Cell, Sequence[Sequence[Call]]]) -> list[Figure]:
    """Of each cell, from its calls round by round."""
    rates = {
        cell: [cell.batch_size * 1000 * len(one) / sum(call.wall_ms for call in one) for one in of]
        for cell, of in calls.items()
    }
    costs_ms = {
        cell: [sum(call.cpu_ms for call in one) / len(one) / cell.batch_size for one in of]
        for cell, of in calls.items()
    }
    return [
        Figure(
            cell=cell,
            p50_ms=statistics.median(call.wall_ms for one in calls[cell] for call in one),
            images_per_s=statistics.median(own),
            images_per_s_low=min(own),
            images_per_s_high=max(own),
            cpu_ms_per_image=statistics.median(costs_ms[cell]),
            times_fp32=_ratio(costs_ms.get(cell.baseline), costs_ms[cell]),
        )
        for cell, own in rates.items()
    ]


def _ratio(baseline: Sequence[float] | None, own: Sequence[float]) -> float | None:
    """Round by round: what slows a whole round slows both."""
    if baseline is None:
        return None
    return statistics.median(one / other for one, other in zip(baseline, own, strict=True))


def speed_table(found: Sequence[Figure]) -> str:
    ways = ("runtime", "precision", "threads", "batch")
    rows = [[*ways, "images/s", "p50 ms", "CPU ms/image", "x fp32 (CPU)"]]
    for figure in found:
        cell = figure.cell
        low, high = figure.images_per_s_low, figure.images_per_s_high
        rows.append(
            [
                cell.runtime,
                cell.precision,
                str(cell.threads),
                str(cell.batch_size),
                f"{figure.images_per_s:.0f} ({low:.0f}-{high:.0f})",
                f"{figure.p50_ms:.1f}",
                f"{figure.cpu_ms_per_image:.1f}",
                "-" if figure.times_fp32 is None else f"{figure.times_fp32:.2f}",
            ]
        )
    return _aligned(rows, left=2)


def drift_table(drifts: Mapping[tuple[str, str], Drift]) -> str:
    rows = [["runtime", "precision", "mean", "max", "rank correlation"]]
    for (runtime, precision), drift in drifts.items():
        spearman = "-" if drift.spearman is None else f"{drift.spearman:.4f}"
        rows.append([runtime, precision, f"{drift.mean:.5f}", f"{drift.max:.5f}", spearman])
    return _aligned(rows, left=2)


def _aligned(rows: Sequence[Sequence[str]], *, left: int) -> str:
    """Columns as wide as their widest cell; the first `left` of them start at the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
