"""Which charts a report has."""

from collections.abc import Callable, Sequence

from markupsafe import Markup

from loadtest._analysis._machine import MachineReading
from loadtest._analysis._metrics import Metric
from loadtest._analysis._stages import Moment
from loadtest._report._bars import Bar, share_bars
from loadtest._report._data import RunReport, StageReport
from loadtest._report._words import by_users
from monitor.output.report.charts import Band, Series, line_chart

PARTS = ("decode", "preprocess", "queue", "inference", "network and gateway")


def stage_figures(report: RunReport) -> list[Markup]:
    """Against users: what the stages with evenly paced users measured."""
    stages = by_users(report.stages)
    ticks = sorted({float(stage.result.window.users) for stage in stages})
    carried = report.capacity.cameras if report.capacity is not None else None
    bands = [] if carried is None or not stages else [Band(0, carried, f"carried: {carried}")]

    def against_users(label: str, value: Callable[[StageReport], float | None]) -> Series:
        return Series(label, [(float(s.result.window.users), value(s)) for s in stages])

    def latency(label: str, value: Callable[[Metric], float | None]) -> Series:
        return against_users(label, lambda s: value(s.result.measured.response_ms))

    charts = (
        (
            "Latency by users",
            "ms",
            [
                latency("p50", lambda metric: metric.p50),
                latency("p95", lambda metric: metric.p95),
                latency("p99", lambda metric: metric.p99),
            ],
        ),
        (
            "Throughput by users",
            "frames/s",
            [
                against_users("achieved", lambda s: s.result.measured.achieved_per_s),
                against_users("offered", lambda s: s.result.offered_per_s),
            ],
        ),
    )
    return [
        line_chart(title, series, x_label="users", y_unit=unit, x_ticks=ticks, bands=bands)
        for title, unit, series in charts
    ] + [breakdown_figure(report.stages)]


def breakdown_figure(stages: Sequence[StageReport]) -> Markup:
    bars = [
        Bar(_bar_label(stage), breakdown_parts(stage), _total_text(stage.breakdown.total_ms))
        for stage in stages
        if stage.breakdown is not None
    ]
    return share_bars("Where the time goes", PARTS, bars, unit="% of the mean answer, by users")


def breakdown_parts(stage: StageReport) -> tuple[float | None, ...]:
    """In the order of PARTS; the gateway's preprocessing is split where its decode is known."""
    breakdown = stage.breakdown
    if breakdown is None:
        return (None,) * len(PARTS)
    decode_ms = stage.result.measured.decode_ms.avg
    if decode_ms is not None:
        decode_ms = min(decode_ms, breakdown.preprocessing_ms)
    return (
        decode_ms,
        breakdown.preprocessing_ms - (decode_ms or 0.0),
        breakdown.queue_ms,
        breakdown.inference_ms,
        breakdown.network_and_gateway_ms,
    )


def timeline_figures(report: RunReport) -> list[Markup]:
    origin_s = report.started_s
    bands = [
        Band(
            stage.result.window.dwell_started_s - origin_s,
            stage.result.window.dwell_ended_s - origin_s,
            str(stage.result.window.users),
        )
        for stage in report.stages
    ]

    def seen(label: str, value: Callable[[Moment], float | None]) -> Series:
        return Series(label, [(m.at_s - origin_s, value(m)) for m in report.timeline])

    def read(label: str, value: Callable[[MachineReading], float | None]) -> Series:
        readings = report.recording.readings
        return Series(label, [(r.at_s - origin_s, value(r)) for r in readings])

    def cpu(role: str) -> Series:
        return read(role, lambda r: r.cpu_percents.get(role))

    roles = sorted({role for r in report.recording.readings for role in r.cpu_percents})
    charts = (
        (
            "Request rate over time",
            "per second",
            [
                seen("requests", lambda m: m.requests_per_s),
                seen("failures", lambda m: m.failures_per_s),
            ],
        ),
        (
            "Latency over time",
            "ms",
            [
                seen("p50", lambda m: m.response_ms),
                seen("p95", lambda m: m.response_p95_ms),
            ],
        ),
        (
            "Triton over time",
            "ms per request",
            [read("queue", lambda r: r.queue_ms), read("inference", lambda r: r.infer_ms)],
        ),
        (
            "Requests waiting in Triton",
            "requests",
            [read("waiting", lambda r: r.pending)],
        ),
        ("Mean batch over time", "pictures", [read("mean batch", lambda r: r.mean_batch)]),
        ("GPU over time", "%", [read("GPU", lambda r: r.gpu_percent)]),
        ("CPU over time", "% of one core", [cpu(role) for role in roles]),
    )
    return [
        line_chart(title, series, x_label="seconds", y_unit=unit, bands=bands, dots=False)
        for title, unit, series in charts
    ]


def _bar_label(stage: StageReport) -> str:
    kind = stage.result.window.kind
    short = {"baseline": "base", "burst": "burst", "recovery": "after"}.get(kind)
    return str(stage.result.window.users) if short is None else short


def _total_text(total_ms: float) -> str:
    return f"{total_ms:.0f} ms" if total_ms >= 100 else f"{total_ms:.1f} ms"
