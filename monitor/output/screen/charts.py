"""The course of each number over the last samples. Pure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.counters import per_s
from monitor.output.screen.parts import DIM, LABEL_WIDTH, Line, Part, Span
from monitor.output.screen.sparkline import sparkline
from monitor.output.table import UNKNOWN
from monitor.sample import GpuReading, Sample

VALUE_WIDTH, PEAK_WIDTH, GAP = 11, 13, 4
SHORTEST_BARS, TWO_COLUMNS_FROM = 12, 110
BAR_STYLE = "cyan"
ROUND_NUMBERS = 1, 2, 5, 10


@dataclass(frozen=True)
class Chart:
    """`top` is what the highest bar stands for; None is a round number above all in view."""

    label: str
    unit: str
    worth: float
    values: tuple[float | None, ...]
    decimals: int = 1
    top: float | None = None


def triton_charts(samples: Sequence[Sample]) -> list[Chart]:
    """One of each, known or not, so that they stay in their places."""
    deltas = [sample.deltas() for sample in samples]
    rates = (per_s(sample.request_count(), sample.elapsed_s) for sample in samples)
    pending = tuple(sample.pending_count() for sample in samples)
    in_flight = tuple(sample.in_flight() for sample in samples)
    return [
        Chart("Requests", "/s", 89, tuple(rates)),
        Chart("Queue", "ms", 88, tuple(d.queue_ms for d in deltas)),
        Chart("Inference", "ms", 87, tuple(d.infer_ms for d in deltas)),
        Chart("Pending", "", 77, pending, decimals=0),
        Chart("Mean batch", "", 66, tuple(d.batch_size for d in deltas)),
        Chart("In flight", "", 64, in_flight),
    ]


def gpu_charts(samples: Sequence[Sample]) -> list[Chart]:
    """What each GPU of the last sample has said at least once."""
    charts = [
        chart
        for gpu in samples[-1].gpus
        for chart in _charts_of(gpu, [_same(gpu, sample.gpus) for sample in samples])
    ]
    return [chart for chart in charts if any(value is not None for value in chart.values)]


def _same(gpu: GpuReading, among: Sequence[GpuReading]) -> GpuReading | None:
    place = gpu.index, gpu.mig_index
    return next((other for other in among if (other.index, other.mig_index) == place), None)


def _charts_of(gpu: GpuReading, history: Sequence[GpuReading | None]) -> list[Chart]:
    def values(of: Callable[[GpuReading], float | None]) -> tuple[float | None, ...]:
        return tuple(None if reading is None else of(reading) for reading in history)

    label = gpu.place
    # The first GPU's course is worth more than that of the others.
    worth = 70.0 if gpu.index == 0 else 45.0
    total_bytes, limit_mw = gpu.memory_total_bytes, gpu.power_limit_mw
    return [
        Chart(f"GPU% {label}", "%", worth, values(lambda g: g.utilization_percent), 0, 100.0),
        Chart(
            f"Memory {label}",
            "MB",
            worth - 6,
            values(lambda g: _scaled(g.memory_used_bytes, 2**20)),
            0,
            _scaled(total_bytes, 2**20),
        ),
        Chart(
            f"Power {label}",
            "W",
            worth - 8,
            values(lambda g: _scaled(g.power_mw, 1000)),
            1,
            _scaled(limit_mw, 1000),
        ),
        Chart(f"Temp {label}", "°C", worth - 10, values(lambda g: g.temperature_celsius), 0, 100.0),
    ]


def _scaled(value: int | None, by: int) -> float | None:
    return None if value is None else value / by


def chart_parts(
    section: int, charts: Sequence[Chart], width: int, *, height: int = 1, ascii_only: bool = False
) -> list[Part]:
    """A part a row of charts, each of `height` lines; two abreast where the screen is wide."""
    across = 2 if width >= TWO_COLUMNS_FROM else 1
    each = (width - GAP * (across - 1)) // across
    rows = [charts[start : start + across] for start in range(0, len(charts), across)]
    return [
        Part(
            section,
            max(chart.worth for chart in row),
            _abreast([_lines(chart, each, height, ascii_only=ascii_only) for chart in row]),
        )
        for row in rows
    ]


def _abreast(charts: Sequence[Sequence[Line]]) -> tuple[Line, ...]:
    first, *others = charts
    lines = list(first)
    for other in others:
        lines = [(*left, Span(" " * GAP), *right) for left, right in zip(lines, other, strict=True)]
    return tuple(lines)


def _lines(chart: Chart, width: int, height: int, *, ascii_only: bool) -> list[Line]:
    """The label and the numbers stand beside the lowest line."""
    bars_width = width - LABEL_WIDTH - VALUE_WIDTH - PEAK_WIDTH
    with_peak = bars_width >= SHORTEST_BARS
    bars_width = max(bars_width if with_peak else bars_width + PEAK_WIDTH, 0)
    shown = chart.values[-bars_width:] if bars_width else ()
    peak = max((value for value in shown if value is not None), default=None)
    top = _round_top(peak or 0.0) if chart.top is None else chart.top
    *upper, lowest = sparkline(shown, bars_width, top=top, height=height, ascii_only=ascii_only)
    after = VALUE_WIDTH + (PEAK_WIDTH if with_peak else 0)
    lines: list[Line] = [
        (Span(" " * LABEL_WIDTH), Span(bars, BAR_STYLE), Span(" " * after)) for bars in upper
    ]
    last = chart.values[-1]
    value_text = UNKNOWN if last is None else f"{last:.{chart.decimals}f} {chart.unit}".rstrip()
    peak_text = f"  peak {peak:.{chart.decimals}f}" if with_peak and peak is not None else ""
    named = (
        Span(chart.label.ljust(LABEL_WIDTH), DIM),
        Span(lowest, BAR_STYLE),
        Span(value_text.rjust(VALUE_WIDTH), "bold"),
        Span(peak_text.ljust(after - VALUE_WIDTH), DIM),
    )
    return [*lines, named]


def _round_top(peak: float) -> float:
    """The next of 1, 2, 5, 10, 20 …, so that a steady value is no solid block."""
    if peak <= 0 or not math.isfinite(peak):
        return 0.0
    magnitude = 10.0 ** math.floor(math.log10(peak))
    return next((n * magnitude for n in ROUND_NUMBERS if n * magnitude > peak), 20 * magnitude)
