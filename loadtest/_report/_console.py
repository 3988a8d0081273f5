"""The end of a run as text: a table of stages, then the summary."""

from loadtest._analysis._metrics import Metric
from loadtest._report._data import RunReport, StageReport
from loadtest._report._words import headline

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


def render(report: RunReport, folder: str) -> str:
    lines = ["", "=" * _WIDTH, f"LOAD TEST - {report.host}", "=" * _WIDTH]
    lines.append("".join(f"{name:>{width}}" for name, width in _COLUMNS) + "  Verdict")
    lines.append("-" * _WIDTH)
    for stage in report.stages:
        lines += _stage_lines(stage)
    if not report.stages:
        lines.append("No stage was measured.")
    lines.append("=" * _WIDTH)
    lines += _summary_lines(report)
    lines += ["", headline(report), f"Results: {folder}", ""]
    return "\n".join(lines)


def number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _stage_lines(stage: StageReport) -> list[str]:
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
    lines = [f"{row}  {stage.verdict.level}"]
    indent = " " * (_COLUMNS[0][1] + 2)
    if stage.verdict.level != "healthy":
        lines.append(f"{indent}because {stage.verdict.rule}")
    lines.append(f"{indent}judged on {stage.verdict.judged_on}")
    lines += [f"{indent}{count} × {name}" for name, count in measured.failures.items()]
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
