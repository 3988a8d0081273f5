"""The run as one HTML file that needs nothing but itself."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from loadtest._report._charts import Band, Series, line_chart
from loadtest._report._console import number
from loadtest._report._data import RunReport
from loadtest._report._summary import utc
from loadtest._report._words import headline


def report_html(report: RunReport) -> str:
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["number"] = number
    return templates.get_template("report.html.j2").render(
        report=report,
        headline=headline(report),
        started=utc(report.started_s),
        finished=utc(report.finished_s),
        stage_charts=_stage_charts(report) if report.stages else [],
        timeline_charts=_timeline_charts(report),
    )


def _stage_charts(report: RunReport) -> list[Markup]:
    stages = sorted(report.stages, key=lambda stage: stage.result.window.users)
    users = [float(stage.result.window.users) for stage in stages]
    response = [stage.result.measured.response_ms for stage in stages]
    latency = [
        Series("p50", list(zip(users, [r.p50 for r in response], strict=True))),
        Series("p90", list(zip(users, [r.p90 for r in response], strict=True))),
        Series("p95", list(zip(users, [r.p95 for r in response], strict=True))),
        Series("p99", list(zip(users, [r.p99 for r in response], strict=True))),
    ]
    achieved = [stage.result.measured.achieved_per_s for stage in stages]
    offered: list[float | None] = [stage.result.offered_per_s for stage in stages]
    throughput = [
        Series("achieved", list(zip(users, achieved, strict=True))),
        Series("offered", list(zip(users, offered, strict=True)), dashed=True),
    ]
    ticks = sorted(set(users))
    return [
        line_chart("Latency by users", latency, x_label="users", y_unit="ms", x_ticks=ticks),
        line_chart(
            "Throughput by users", throughput, x_label="users", y_unit="frames/s", x_ticks=ticks
        ),
    ]


def _timeline_charts(report: RunReport) -> list[Markup]:
    origin_s = report.started_s
    moments = report.timeline
    bands = [
        Band(
            stage.result.window.dwell_started_s - origin_s,
            stage.result.window.dwell_ended_s - origin_s,
            str(stage.result.window.users),
        )
        for stage in report.stages
    ]
    rate = [
        Series("requests", [(m.at_s - origin_s, m.requests_per_s) for m in moments]),
        Series("failures", [(m.at_s - origin_s, m.failures_per_s) for m in moments], dashed=True),
    ]
    latency = [Series("median", [(m.at_s - origin_s, m.response_ms) for m in moments])]
    queue = [Series("queue", [(r.at_s - origin_s, r.queue_ms) for r in report.recording.readings])]
    charts = (
        ("Request rate over time", rate, "per second"),
        ("Latency over time", latency, "ms"),
        ("Triton queue over time", queue, "ms"),
    )
    return [
        line_chart(title, series, x_label="seconds", y_unit=unit, bands=bands, dots=False)
        for title, series, unit in charts
    ]
