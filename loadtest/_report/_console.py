"""The end of a run as text: a table of stages, then the summary."""

import textwrap

from loadtest._analysis._metrics import Metric
from loadtest._report._data import RunReport, StageReport
from loadtest._report._terminal import BOLD, LEVEL_CODES, OUTCOME_CODES
from loadtest._report._words import ended, headline, marks
from monitor.output.colour import paint, printable

_COLUMNS = (
    ("Users", 6),
    ("Requests", 9),
    ("Failed", 7),
    ("Rate/s", 8),
    ("p50 ms", 9),
    ("p95 ms", 9),
    ("Queue ms", 9),
    ("Infer ms", 9),
    ("GPU %", 6),
)
_WIDTH = 96
_INDENT = " " * (_COLUMNS[0][1] + 2)


def render(report: RunReport, folder: str, *, colour: bool = False) -> str:
    """The whole text; colour only repeats what the words say."""
    title = paint(f"LOAD TEST - {printable(report.host)}", BOLD, colour=colour)
    lines = ["", "=" * _WIDTH, title, "=" * _WIDTH]
    lines.append("".join(f"{name:>{width}}" for name, width in _COLUMNS) + "  Verdict")
    lines.append("-" * _WIDTH)
    for stage in report.stages:
        lines += _stage_lines(stage, colour=colour)
    if not report.stages:
        lines.append("No stage was measured.")
    lines.append("=" * _WIDTH)
    lines += [*_summary_lines(report), ""]
    code = OUTCOME_CODES.get(report.outcome, BOLD)
    lines.append(paint(printable(headline(report)), code, colour=colour))
    lines += _verdict_lines(report)
    lines += [f"Results: {folder}", ""]
    return "\n".join(lines)


def number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _stage_lines(stage: StageReport, *, colour: bool) -> list[str]:
    measured, machine = stage.result.measured, stage.machine
    cells = (
        str(stage.result.window.users),
        str(measured.requests),
        str(measured.failed),
        number(measured.achieved_per_s),
        number(measured.response_ms.p50),
        number(measured.response_ms.p95),
        number(machine.queue_ms, 2),
        number(machine.infer_ms, 2),
        number(machine.gpu_percent, 0),
    )
    row = "".join(f"{cell:>{width}}" for cell, (_, width) in zip(cells, _COLUMNS, strict=True))
    level = stage.verdict.level
    marked = f" ({', '.join(marks(stage))})" if marks(stage) else ""
    lines = [f"{row}  {paint(level, LEVEL_CODES[level], colour=colour)}{marked}"]
    for text in _stage_remarks(stage):
        lines += _wrapped(text, _INDENT)
    return lines


def _stage_remarks(stage: StageReport) -> list[str]:
    remarks = []
    if stage.verdict.level != "healthy":
        remarks.append(f"because {stage.verdict.rule}")
        if stage.cause is not None:
            evidence = f" ({stage.cause.evidence.rstrip(' .')})" if stage.cause.evidence else ""
            remarks.append(f"cause: {stage.cause.sentence.rstrip(' .')}{evidence}")
            remarks += [f"try: {advice}" for advice in stage.cause.advice[:1]]
    remarks.append(f"judged on {stage.verdict.judged_on}")
    remarks += [objective.sentence for objective in stage.objectives]
    if stage.steadiness is not None and stage.steadiness.steady is False:
        remarks.append(f"unsteady: {stage.steadiness.sentence}")
    if stage.law is not None and stage.law.holds is False:
        remarks.append(f"Little's law does not hold: {stage.law.sentence}")
    return remarks + [f"{count} × {name}" for name, count in stage.result.measured.failures.items()]


def _verdict_lines(report: RunReport) -> list[str]:
    lines: list[str] = []
    if report.capacity is not None and report.capacity.cameras is None:
        lines += _wrapped(ended(report.capacity.sentence))
    if report.recovery is not None:
        lines += _wrapped(report.recovery.sentence)
    if report.grade is not None:
        lines += _wrapped(f"Grade: {report.grade.level}. {ended(report.grade.sentence)}")
        if report.grade.level != "good":
            lines += [line for text in report.grade.advice for line in _wrapped(f"- {text}", "   ")]
    if report.models:
        lines += _wrapped(f"Model: {', '.join(report.models)}")
    return lines


def _summary_lines(report: RunReport) -> list[str]:
    totals = report.totals
    failed_percent = None if totals.success_percent is None else 100 - totals.success_percent
    score = totals.score
    return [
        "Summary:",
        f"   Total Requests: {totals.requests}",
        f"   Successful: {totals.successful} ({number(totals.success_percent)}%)",
        f"   Failed: {totals.failed} ({number(failed_percent)}%)",
        f"   Total Time: {totals.duration_s:.2f}s",
        f"   Throughput: {number(totals.achieved_per_s)} requests/second",
        f"   With warm-ups: {report.sent} sent, {report.sent_failed} failed",
        "",
        "Response Times (E2E):",
        *_spread(totals.response_ms),
        "",
        "Inference Times (Triton, seen by the gateway):",
        *_spread(totals.triton_ms),
        "",
        "Quality Scores:",
        f"   Min: {number(score.min, 4)}",
        f"   Max: {number(score.max, 4)}",
        f"   Mean: {number(score.avg, 4)}",
    ]


def _spread(metric: Metric) -> list[str]:
    rows = (
        ("Min", metric.min),
        ("Max", metric.max),
        ("Mean", metric.avg),
        ("Median", metric.p50),
        ("Std Dev", metric.std),
    )
    return [f"   {name}: {number(value, 2)}{'' if value is None else 'ms'}" for name, value in rows]


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        printable(text),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if not indent else f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
