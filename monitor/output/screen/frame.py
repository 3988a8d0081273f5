"""The whole screen for a moment. Pure."""

from collections.abc import Sequence
from datetime import tzinfo

from rich.console import ConsoleDimensions, Group
from rich.text import Text

from monitor.observation import Observation
from monitor.output.colour import printable
from monitor.output.screen import charts, models, texts
from monitor.output.screen.charts import Chart
from monitor.output.screen.parts import Line, Part, Span, arranged, whole_height

HEADING, TRITON, MODELS, GPUS, GPU_CHARTS, HOST, MISSING = range(7)
# Charts are drawn as high as leaves room for all else.
BARS_HEIGHTS = 4, 3, 2, 1
IN_ASCII = {"°": "", "…": "~", "–": "-", "≥": ">=", "≤": "<=", "×": "x"}


def frame(
    observations: Sequence[Observation],
    size: ConsoleDimensions,
    now_s: float,
    *,
    timezone: tzinfo | None = None,
    ascii_only: bool = False,
) -> Group:
    """No wider and no higher than `size`; what is worth least is left out first.

    Args:
        observations: The last is what is told, all of them are what is drawn.
        now_s: The age of Triton's last answer counts up to it.
        timezone: Of the time shown; None is the machine's own.
    """
    lines = [texts.none_yet()]
    if observations:
        samples = [observation.sample for observation in observations]
        title = Part(HEADING, 100, (texts.title(samples, now_s, timezone),))
        told = [title, *_told_parts(observations[-1], size.width)]
        drawn = charts.triton_charts(samples), charts.gpu_charts(samples)
        for bars_height in BARS_HEIGHTS:
            parts = told + _chart_parts(*drawn, size.width, bars_height, ascii_only=ascii_only)
            if whole_height(parts) <= size.height:
                break
        lines = arranged(parts, size.height)
    return Group(*(_text(line, size.width, ascii_only=ascii_only) for line in lines))


def _told_parts(last: Observation, width: int) -> list[Part]:
    sample = last.sample
    return [
        Part(HEADING, 99, (texts.verdict_line(last.verdict),)),
        *texts.diagnosis_parts(HEADING, last.diagnosis, width),
        *texts.growth_parts(HEADING, last.growths, width),
        *models.model_parts(MODELS, sample, width),
        *texts.gpu_parts(GPUS, sample.gpus),
        *texts.gateway_parts(HOST, sample.gateway, width),
        *texts.process_parts(HOST, sample, width),
        *texts.missing_parts(MISSING, sample, width),
    ]


def _chart_parts(
    triton: Sequence[Chart],
    gpus: Sequence[Chart],
    width: int,
    height: int,
    *,
    ascii_only: bool,
) -> list[Part]:
    # Low charts belong to the lines above them; high ones need some air.
    below_gpus = GPUS if height == 1 else GPU_CHARTS
    return [
        *charts.chart_parts(TRITON, triton, width, height=height, ascii_only=ascii_only),
        *charts.chart_parts(below_gpus, gpus, width, height=height, ascii_only=ascii_only),
    ]


def _text(line: Line, width: int, *, ascii_only: bool) -> Text:
    spans = [Span(printable(text), style) for text, style in line]
    if ascii_only:
        spans = [Span(_in_ascii(text), style) for text, style in spans]
    text = Text.assemble(*spans, no_wrap=True, overflow="crop", end="\n")
    text.truncate(width, overflow="crop" if ascii_only else "ellipsis")
    return text


def _in_ascii(text: str) -> str:
    for sign, instead in IN_ASCII.items():
        text = text.replace(sign, instead)
    return text.encode("ascii", "replace").decode("ascii")
