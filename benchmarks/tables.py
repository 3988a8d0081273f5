"""Results as a person reads them. Pure."""

from collections.abc import Iterable, Sequence

from benchmarks.figures import Spread, Target, Window, spread
from benchmarks.rounds import BUSY_CONNECTIONS, Result

ROLES = ("gateway", "triton", "models", "generator")
_COLUMNS = ("requests/s", "p50 ms", "p95 ms", "p99 ms", "errors", "wrong")


def results_table(results: Iterable[Result], *, title: str) -> str:
    """Both loads of every candidate, as medians over rounds with the least and the greatest."""
    results = list(results)
    header = ["", *_COLUMNS, *(f"{role} CPU ms" for role in ROLES)]
    parts = [f"{title}: {BUSY_CONNECTIONS} connections"]
    parts.append(aligned([header, *(_row(one, one.busy) for one in results)]))
    parts.append(f"\n{title}: 1 connection")
    parts.append(aligned([header, *(_row(one, one.alone) for one in results)]))
    parts += [f"{one.title} not run: {one.not_run}" for one in results if one.not_run]
    return "\n".join(parts)


def _row(result: Result, windows: Sequence[Window]) -> list[str]:
    if result.not_run is not None:
        return [result.title, "not run", *([""] * (len(_COLUMNS) + len(ROLES) - 1))]
    wrong = [window.wrong for window in windows if window.wrong is not None]
    return [
        result.title,
        shown(spread(window.requests_per_s for window in windows), 0),
        shown(spread(window.p50_ms for window in windows), 2),
        shown(spread(window.p95_ms for window in windows), 2),
        shown(spread(window.p99_ms for window in windows), 2),
        str(sum(window.errors for window in windows)),
        str(sum(wrong)) if wrong else "-",
        *(_median(spread(window.cpu_ms.get(role) for window in windows)) for role in ROLES),
    ]


def targets_table(targets: Iterable[Target]) -> str:
    return aligned([["target", "measured", "limit", ""], *(_target_row(one) for one in targets)])


def _target_row(target: Target) -> list[str]:
    value = "-" if target.value is None else f"{target.value:.2f}"
    if target.spread is not None:
        value = shown(target.spread, 2)
    sign = ">=" if target.at_least else "<="
    limit = "-" if target.limit is None else f"{sign} {target.limit:g}{target.unit}"
    words = {True: "reached", False: "not reached", None: ""}
    return [target.name, value + target.unit, limit, words[target.reached]]


def shown(value: Spread | None, digits: int) -> str:
    """`1090 (1025-1101)`, or a dash for what is not known."""
    if value is None:
        return "-"
    if value.low == value.high:
        return f"{value.median:.{digits}f}"
    return f"{value.median:.{digits}f} ({value.low:.{digits}f}-{value.high:.{digits}f})"


def _median(value: Spread | None) -> str:
    return "-" if value is None else f"{value.median:.2f}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
