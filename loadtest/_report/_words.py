"""The verdict of a run in a sentence, for people."""

from collections.abc import Sequence

from loadtest._analysis._capacity import cameras
from loadtest._analysis._findings import ObjectiveResult
from loadtest._course._plan import COUNTED, SIZING, StageWindow
from loadtest._report._data import RunReport, StageReport


def headline(report: RunReport) -> str:
    """One sentence: what came of the run, what is carried, and why no more."""
    carried = _carries(report)
    so_far = f"; {carried}" if carried else ""
    if report.outcome in ("interrupted", "error"):
        how = "Interrupted" if report.outcome == "interrupted" else "The load tester stopped early"
        return f"{how}: {_measured_in_full(report)}{so_far}."
    if report.outcome == "passed":
        return f"Passed: {carried or 'every stage kept its limits'}{_burst_clause(report)}."
    if report.outcome == "missed":
        begin = f"{carried}, " if carried else ""
        return f"Not passed: {begin}{_what_was_missed(report)}."
    return f"Inconclusive{_doubt(report)}{so_far}."


def by_users(stages: Sequence[StageReport]) -> list[StageReport]:
    """Stages of the plan and of the search, from few users to many."""
    paced = [stage for stage in stages if stage.result.window.kind in SIZING]
    return sorted(paced, key=lambda stage: stage.result.window.users)


def marks(stage: StageReport) -> list[str]:
    """What a reader must know of a row beside its verdict."""
    kind = stage.result.window.kind
    unsteady = stage.steadiness is not None and stage.steadiness.steady is False
    missed = any(objective.met is False for objective in stage.objectives)
    found = {kind: kind != "stage", "objective missed": missed, "unsteady": unsteady}
    return [mark for mark, applies in found.items() if applies]


def met_word(objective: ObjectiveResult) -> str:
    return {True: "met", False: "missed", None: "not known"}[objective.met]


def ended(sentence: str) -> str:
    """As a sentence, whoever wrote it: a full stop behind, a capital before unless it is a name."""
    text = sentence.strip().rstrip(" .")
    if not text:
        return ""
    plain_word = text.split()[0].isalpha()
    return f"{text[0].upper() if plain_word else text[0]}{text[1:]}."


def _carries(report: RunReport) -> str | None:
    capacity = report.capacity
    return None if capacity is None or capacity.cameras is None else capacity.sentence


def _measured_in_full(report: RunReport) -> str:
    windows = [stage.result.window for stage in report.stages]
    complete = sum(window.completed for window in windows if window.kind == "stage")
    return f"{complete} of {len(report.options.stages)} stages measured in full"


def _burst_clause(report: RunReport) -> str:
    bursts = [stage for stage in report.stages if stage.result.window.kind == "burst"]
    return "".join(
        f"; of a burst of {stage.result.window.users} frames "
        f"{stage.result.measured.successful} were answered"
        for stage in bursts
    )


def _what_was_missed(report: RunReport) -> str:
    # A search overloads the system on purpose; baseline and recovery are not judged.
    for stage in (s for s in report.stages if s.result.window.kind in ("stage", "burst")):
        where = _where(stage.result.window)
        if stage.verdict.level == "overloaded":
            return f"overloaded {where} ({stage.verdict.rule})"
        missed = next((o for o in stage.objectives if o.met is False), None)
        if missed is not None:
            return f"{missed.text} missed {where} ({missed.sentence.rstrip(' .')})"
    return "fewer than 95 % of the requests of a stage succeeded"


def _doubt(report: RunReport) -> str:
    for stage in (s for s in report.stages if s.result.window.kind in COUNTED):
        where = _where(stage.result.window)
        if stage.verdict.level == "inconclusive":
            return f" {where}: {stage.verdict.rule}"
        unknown = next((o for o in stage.objectives if o.met is None), None)
        if unknown is not None:
            return f" {where}: {unknown.text}, {unknown.sentence.rstrip(' .')}"
    return ""


def _where(window: StageWindow) -> str:
    if window.kind == "burst":
        return f"in a burst of {window.users} frames"
    after = {"baseline": " (baseline)", "recovery": " (recovery)"}.get(window.kind, "")
    return f"at {cameras(window.users)}{after}"
