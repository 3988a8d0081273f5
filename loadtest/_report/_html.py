"""The run as one HTML file that needs nothing but itself."""

from datetime import UTC, datetime
from pathlib import Path

from markupsafe import Markup, escape

from loadtest._analysis._findings import Breakdown
from loadtest._report._console import number
from loadtest._report._data import RunReport
from loadtest._report._figures import stage_figures, timeline_figures
from loadtest._report._stage_document import inferences_per_joule
from loadtest._report._words import ended, headline, marks, met_word
from monitor.output.report.templates import page_templates

# Field of a breakdown → what it is called in the report.
PART_NAMES = {
    "inference": "Inference",
    "queue": "Triton's queue",
    "preprocessing": "Preprocessing",
    "network_and_gateway": "Network and gateway",
}


def report_html(report: RunReport) -> str:
    templates = page_templates(Path(__file__).parent)
    templates.filters |= {
        "number": number,
        "ended": ended,
        "utc": _utc,
        "marks": marks,
        "met_word": met_word,
        "part": _part,
        "inferences_per_joule": inferences_per_joule,
    }
    return templates.get_template("report.html.j2").render(
        report=report,
        headline=headline(report),
        part_names=PART_NAMES,
        stage_figures=stage_figures(report) if report.stages else [],
        timeline_figures=timeline_figures(report),
        broken_down=[stage for stage in report.stages if stage.breakdown is not None],
    )


def _utc(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M:%S}"


def _part(breakdown: Breakdown, name: str) -> Markup:
    """One part in ms and as a share of the whole; the largest stands out."""
    value_ms: float | None = getattr(breakdown, f"{name}_ms")
    if value_ms is None:
        return escape(number(None))
    percents = breakdown.percents
    text = f"{value_ms:.1f} ({percents[name]:.0f} %)"
    if percents[name] == max(percents.values()):
        return Markup("<strong>{}</strong>").format(text)
    return escape(text)
