"""A recording as one HTML file that needs nothing but itself."""

from collections.abc import Callable

from monitor.observation import Observation
from monitor.output.recording import Recording
from monitor.output.report.charts import MOST_POINTS
from monitor.output.report.figures import figures
from monitor.output.report.templates import page_templates
from monitor.output.report.timeline import fold
from monitor.output.report.words import (
    DAY_S,
    DIAGNOSES,
    clock,
    gpus,
    headline,
    machine,
    missing_word,
    mostly,
    number,
    spoken,
    worst,
)
from monitor.sample import Sample

# A verdict that wavers for hours would otherwise fill the page.
MOST_ROWS = 100


def report_html(recording: Recording, observe: Callable[[Sample], Observation]) -> str:
    """The page; `observe` judges the samples in their order and may remember those before."""
    timeline = fold(recording, observe)
    drawn, empty = figures(timeline)
    with_date = timeline.duration_s >= DAY_S
    templates = page_templates()
    templates.filters |= {
        "number": number,
        "spoken": spoken,
        "missing_word": missing_word,
        "clock": lambda wall_s: clock(wall_s, with_date=with_date),
        "date": lambda wall_s: clock(wall_s, with_date=True),
    }
    page = templates.get_template("timeline.html.j2").render(
        recording=recording,
        machine=machine(recording.header.hardware),
        gpus=gpus(recording.header.hardware),
        timeline=timeline,
        headline=headline(timeline),
        worst=worst(timeline),
        mostly=mostly(timeline.waitings),
        diagnoses=DIAGNOSES,
        figures=drawn,
        empty=empty,
        most_points=MOST_POINTS,
        most_rows=MOST_ROWS,
    )
    # A recording may hold half a surrogate pair, which no file could be written with.
    return page.encode("utf-8", "replace").decode()
