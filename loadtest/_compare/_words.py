"""A comparison for people: what changed in sentences, then the table."""

import math
import textwrap
from collections import defaultdict
from collections.abc import Iterator

from loadtest._analysis._metrics import Interval
from loadtest._compare._comparison import (
    MAX_SUCCESS_TOLERANCE_POINTS,
    CapacityChange,
    Change,
    Comparison,
    Outcome,
    StageComparison,
)
from loadtest._compare._runs import Bracket, Run, Stage
from loadtest._compare._values import Value

_WIDTH = 100
_COLUMNS = (("", 16), ("A", 15), ("B", 15), ("B against A (95 %)", 31))
_COLOURS: dict[Outcome, str] = {"worse": "31", "better": "32", "differs": "33", "uncertain": "33"}
_UNKNOWN = "no uncertainty known"


def render(made: Comparison, *, colour: bool) -> str:
    head = [_headline(made), "", *_run_lines("A", made.a), *_run_lines("B", made.b)]
    for part in (differences(made), list(sentences(made))):
        head += ["", *part] if part else []
    lines = ["", *(_folded(line) for line in head), ""]
    if made.stages:
        lines.append("".join(f"{name:<{width}}" for name, width in _COLUMNS).rstrip())
    for stage in made.stages:
        lines.append(_plain(stage_name(stage.users, stage.kind)))
        lines += [_row(change, colour=colour) for change in stage.changes]
    return "\n".join([*lines, "", *_legend(made), ""])


def differences(made: Comparison) -> list[str]:
    return [f"Not the same {name}: {a} and {b}." for name, a, b in made.differences]


def sentences(made: Comparison) -> Iterator[str]:
    """Capacity, then the worse, the better, what is not certain, and what was not judged."""
    if made.capacity is not None:
        yield _capacity_sentence(made.capacity)
    for outcome in ("worse", "better", "differs"):
        for stage in made.stages:
            yield from _stage_sentences(stage, outcome)
    for stage in made.stages:
        labels = [c.figure.label for c in stage.changes if c.outcome == "uncertain"]
        if labels:
            yield (
                f"Not certain at {stage_name(stage.users, stage.kind)}: {', '.join(labels)}. "
                "A longer stage tells more."
            )
    for stage in made.stages:
        if stage.doubt is not None:
            yield f"Not judged at {stage_name(stage.users, stage.kind)}: {stage.doubt}."
    for name, only in (("A", made.only_in_a), ("B", made.only_in_b)):
        if only:
            yield f"Only in {name}: {', '.join(_name_of(stage) for stage in only)}."


def stage_name(users: int, kind: str | None) -> str:
    text = "1 user" if users == 1 else f"{users} users"
    return text if kind in (None, "stage") else f"{text}, {kind}"


def _name_of(stage: Stage) -> str:
    return stage_name(stage.users, stage.kind)


def _headline(made: Comparison) -> str:
    limit = f"{made.tolerance_percent:g} %"
    if worse := made.outcomes["worse"]:
        figures = "1 figure is" if worse == 1 else f"{worse} figures are"
        return f"Regression: {figures} worse in B than in A by more than the tolerance of {limit}."
    if made.judged:
        return f"No regression: nothing is worse in B than in A by more than {limit} for certain."
    return "Inconclusive: the two have no stage in common that could be judged."


def _run_lines(letter: str, run: Run) -> Iterator[str]:
    yield f"{letter}: {run.name}" + ("" if run.source is None else f" - {run.source}")
    for note in run.notes:
        yield f"   {note}"


def _stage_sentences(stage: StageComparison, outcome: Outcome) -> Iterator[str]:
    by_words: dict[str, list[str]] = defaultdict(list)
    for change in stage.changes:
        if change.outcome == outcome:
            figure = change.figure
            verbs = {"worse": figure.worse_words, "better": figure.better_words}
            by_words[verbs.get(outcome, "differs")].append(
                f"{figure.label} {_shown(change.a)} → {_shown(change.b)} {figure.unit}".rstrip()
                + f", {_change(change)}"
            )
    for words, parts in by_words.items():
        yield f"B {words} at {stage_name(stage.users, stage.kind)}: {'; '.join(parts)}."


def _capacity_sentence(change: CapacityChange) -> str:
    said = {
        "worse": "B carries fewer cameras",
        "better": "B carries more cameras",
        "within": "B carries as many cameras",
        "uncertain": "Both may carry as many cameras",
    }
    percent = "" if change.percent is None else f", {_signed(change.percent)} %"
    return f"{said[change.outcome]}: {_carried(change.a)} → {_carried(change.b)}{percent}."


def _carried(bracket: Bracket) -> str:
    if bracket.cameras is None:
        return "unknown" if bracket.fails_at is None else f"fewer than {bracket.fails_at}"
    if bracket.fails_at is None:
        return f"{bracket.cameras} (no limit known)"
    return f"{bracket.cameras} (fails at {bracket.fails_at})"


def _row(change: Change, *, colour: bool) -> str:
    figure = change.figure
    cells = (
        f"  {figure.label} {figure.unit}",
        _shown(change.a),
        _shown(change.b),
        "" if change.difference is None else _change(change),
    )
    row = "".join(f"{cell:<{width}}" for cell, (_, width) in zip(cells, _COLUMNS, strict=True))
    code = _COLOURS.get(change.outcome) if colour else None
    outcome = "" if change.outcome == "not judged" else change.outcome
    return (row + (outcome if code is None else f"\x1b[{code}m{outcome}\x1b[0m")).rstrip()


def _legend(made: Comparison) -> Iterator[str]:
    if not made.stages:
        return
    tolerance = made.tolerance_percent
    points = min(tolerance, MAX_SUCCESS_TOLERANCE_POINTS)
    of_success = "1 point" if points == 1 else f"{points:g} points"
    yield f"within: changed by at most {tolerance:g} %, success by at most {of_success}"
    yield "uncertain: changed by more, but the 95 % interval includes no change"
    yield "without a word: shown, not judged"
    yield "intervals: of the answers within each run; what differs from day to day is not in them"
    changes = [change for stage in made.stages for change in stage.changes]
    if any(
        change.outcome != "not judged" and change.difference and change.difference.interval is None
        for change in changes
    ):
        yield f"{_UNKNOWN}: judged on the tolerance alone"


def _shown(value: Value | None) -> str:
    if value is None:
        return "-"
    if value.low == value.high:
        return number(value.low)
    if math.isinf(value.high):
        return f"{number(value.low)} or more"
    return f"{number(value.low)} to {number(value.high)}"


def number(value: float) -> str:
    """Three digits, and none of those before the point lost."""
    if value == int(value):
        return f"{value:.0f}"
    return f"{value:.{0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2}f}"


def _change(change: Change) -> str:
    made = change.difference
    if made is None:
        return ""
    in_points = change.figure.in_points
    amount, interval = (
        (made.amount, made.interval) if in_points else (made.percent, made.percent_interval)
    )
    if amount is None:
        return "from none" if made.amount else "no change"
    return f"{_signed(amount)} {'points' if in_points else '%'} {_bounds(interval)}"


def _bounds(interval: Interval | None) -> str:
    if interval is None:
        return f"({_UNKNOWN})"
    return f"({_signed(interval[0])} to {_signed(interval[1])})"


def _signed(value: float) -> str:
    digits = 0 if abs(value) >= 10 else 1
    text = f"{value:+.{digits}f}"
    return text.replace("+", "").replace("-", "") if float(text) == 0 else text


def _folded(line: str) -> str:
    indent = " " * (len(line) - len(line.lstrip()) or 3)
    return textwrap.fill(_plain(line), _WIDTH, subsequent_indent=indent)


def _plain(line: str) -> str:
    """Names come from documents, and a document must not command the terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in line)
