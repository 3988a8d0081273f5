"""Which charts the page has, all over one time axis with the verdicts behind them."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from monitor.counters import per_s
from monitor.judgement.verdict import Level
from monitor.output.report.charts import Band, Point, Series, line_chart
from monitor.output.report.timeline import Moment, Span, Timeline, is_followed
from monitor.output.table import gpu_label
from monitor.sample import GatewayActivity, GpuReading, ProcessReading

# As many lines as have a colour and dashes of their own.
MOST_LINES = 4
# More bands than this no screen shows, and every chart has them all.
MOST_BANDS = 120
SEVERITY: tuple[Level, ...] = ("healthy", "unknown", "degraded", "overloaded")
MB, GIB = 1e6, 2**30

Value = Callable[[Moment], float | None]


@dataclass(frozen=True)
class Chart:
    title: str
    unit: str
    lines: Sequence[tuple[str, Value]]


@dataclass(frozen=True)
class Axis:
    label: str
    unit_s: float


def figures(timeline: Timeline) -> tuple[list[Markup], list[str]]:
    """The charts of whatever was recorded, and the titles of those without a single value."""
    axis = _axis(timeline.duration_s)
    bands = [
        Band(span.from_s / axis.unit_s, span.to_s / axis.unit_s, span.level, span.level)
        for span in coarse(timeline.spans, timeline.duration_s)
    ]
    drawn: list[Markup] = []
    empty: list[str] = []
    for chart in _charts(timeline.moments):
        every = [Series(label, _points(timeline.moments, v, axis)) for label, v in chart.lines]
        lines = [one for one in every if any(y is not None for _, y in one.points)]
        if not lines:
            empty.append(chart.title)
        for start in range(0, len(lines), MOST_LINES):
            drawn.append(
                line_chart(
                    chart.title,
                    lines[start : start + MOST_LINES],
                    x_label=axis.label,
                    y_unit=chart.unit,
                    bands=bands,
                    dots=False,
                )
            )
    return drawn, empty


def coarse(spans: Sequence[Span], duration_s: float, most: int = MOST_BANDS) -> list[Span]:
    """At most so many spans; where several share a part of the time, the worst level is shown."""
    if len(spans) <= most or duration_s <= 0:
        return list(spans)
    width_s = duration_s / most
    worst: dict[int, Span] = {}
    for span in spans:
        last = math.ceil(span.to_s / width_s) - 1
        for part in range(int(span.from_s / width_s), max(last, 0) + 1):
            before = worst.get(part)
            if before is None or SEVERITY.index(span.level) > SEVERITY.index(before.level):
                worst[part] = span
    merged = []
    runs = groupby(sorted(worst), key=lambda part: worst[part].level)
    for _, run in runs:
        parts = list(run)
        first = worst[parts[0]]
        from_s, to_s = parts[0] * width_s, min((parts[-1] + 1) * width_s, duration_s)
        merged.append(Span(first.level, from_s, to_s, first.wall_s, first.rule, first.sentence))
    return merged


def _axis(duration_s: float) -> Axis:
    if duration_s <= 180:
        return Axis("seconds", 1.0)
    return Axis("minutes", 60.0) if duration_s <= 3 * 3600 else Axis("hours", 3600.0)


def _points(moments: Sequence[Moment], value: Value, axis: Axis) -> list[Point]:
    points: list[Point] = []
    for position, moment in enumerate(moments):
        if position and not is_followed(moments[position - 1], moment):
            points.append((moment.offset_s / axis.unit_s, None))
        y = value(moment)
        points.append((moment.offset_s / axis.unit_s, y if y is None or math.isfinite(y) else None))
    return points


def _charts(moments: Sequence[Moment]) -> Iterator[Chart]:
    yield Chart(
        "Triton's requests",
        "per second",
        [
            ("answered", lambda m: per_s(m.sample.request_count(), m.sample.elapsed_s)),
            ("failed", lambda m: per_s(m.deltas.failure_count, m.sample.elapsed_s)),
        ],
    )
    yield Chart(
        "Queue and inference",
        "ms per request",
        [("queue", lambda m: m.deltas.queue_ms), ("inference", lambda m: m.deltas.infer_ms)],
    )
    yield Chart("Mean batch", "inferences", [("mean batch", lambda m: m.deltas.batch_size)])
    yield Chart(
        "Requests inside Triton",
        "requests",
        [
            ("pending", lambda m: m.sample.pending_count()),
            ("in flight", lambda m: m.sample.in_flight()),
        ],
    )
    yield from _gateway_charts(moments)
    yield from _gpu_charts(moments)
    roles = sorted({reading.role for m in moments for reading in m.sample.processes})
    yield Chart(
        "CPU of processes",
        "% of one core",
        [(role, _of_process(role, lambda one: one.cpu_percent)) for role in roles],
    )
    yield Chart(
        "Memory of processes",
        "MB",
        [(role, _of_process(role, lambda one: _scaled(one.rss_bytes, MB))) for role in roles],
    )
    yield Chart("CPU of the machine", "%", [("CPU", lambda m: m.sample.host_cpu_percent)])


def _gateway_charts(moments: Sequence[Moment]) -> Iterator[Chart]:
    active = [m.sample.gateway for m in moments if m.sample.gateway is not None]
    stages = dict.fromkeys(stage for gateway in active for stage in gateway.stage_ms)
    yield Chart(
        "Gateway's requests",
        "per second",
        [
            ("answered", _of_gateway(lambda g: per_s(g.request_count, g.elapsed_s))),
            ("failed", _of_gateway(lambda g: per_s(g.failure_count, g.elapsed_s))),
        ],
    )
    yield Chart(
        "Time in the gateway",
        "ms per request",
        [
            ("in all", _of_gateway(lambda g: g.total_ms)),
            *((stage, _of_gateway(_stage_ms(stage))) for stage in stages),
        ],
    )


def _gpu_charts(moments: Sequence[Moment]) -> Iterator[Chart]:
    names = sorted(
        {gpu_label(gpu) for m in moments for gpu in m.sample.gpus},
        key=lambda name: [int(number) for number in name.removeprefix("GPU ").split("/")],
    )
    metrics: tuple[tuple[str, str, Callable[[GpuReading], float | None]], ...] = (
        ("GPU utilisation", "%", lambda gpu: gpu.utilization_percent),
        ("GPU memory", "GiB", lambda gpu: _scaled(gpu.memory_used_bytes, GIB)),
        ("GPU power", "W", lambda gpu: _scaled(gpu.power_mw, 1000)),
        ("GPU temperature", "°C", lambda gpu: gpu.temperature_celsius),
    )
    for title, unit, value in metrics:
        yield Chart(title, unit, [(name, _of_gpu(name, value)) for name in names])


def _of_gateway(value: Callable[[GatewayActivity], float | None]) -> Value:
    return lambda m: None if m.sample.gateway is None else value(m.sample.gateway)


def _stage_ms(stage: str) -> Callable[[GatewayActivity], float | None]:
    return lambda gateway: gateway.stage_ms.get(stage)


def _of_gpu(name: str, value: Callable[[GpuReading], float | None]) -> Value:
    return lambda m: next((value(gpu) for gpu in m.sample.gpus if gpu_label(gpu) == name), None)


def _of_process(role: str, value: Callable[[ProcessReading], float | None]) -> Value:
    return lambda m: next((value(one) for one in m.sample.processes if one.role == role), None)


def _scaled(value: float | None, by: float) -> float | None:
    return None if value is None else value / by
