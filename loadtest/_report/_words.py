"""The verdict of a run in a sentence, for people."""

from collections.abc import Sequence

from loadtest._report._data import RunReport, StageReport


def headline(report: RunReport) -> str:
    stages = report.stages
    complete = sum(stage.result.window.completed for stage in stages)
    measured = f"{complete} of {len(report.options.stages)} stages measured in full"
    if report.outcome == "interrupted":
        return f"Interrupted: {measured}."
    if report.outcome == "error":
        return f"The load tester stopped early: {measured}."
    held = carried_users(stages)
    if report.outcome == "passed":
        return f"Passed: carries {held} users at one frame per {_interval(report)}."
    worst = next((s for s in stages if s.verdict.level == "overloaded"), None)
    if report.outcome == "missed" and worst is not None:
        upto = f"carries {held} users, " if held else ""
        users = worst.result.window.users
        return f"Not passed: {upto}overloaded at {users} users ({worst.verdict.rule})."
    if report.outcome == "missed":
        return "Not passed: fewer than 95 % of the requests of a stage succeeded."
    doubt = next(s for s in stages if s.verdict.level == "inconclusive")
    return f"Inconclusive at {doubt.result.window.users} users: {doubt.verdict.rule}."


def carried_users(stages: Sequence[StageReport]) -> int | None:
    """The largest stage that was neither overloaded nor in doubt, with none such below it."""
    carried = None
    for stage in sorted(stages, key=lambda s: s.result.window.users):
        if stage.verdict.level in ("overloaded", "inconclusive"):
            break
        carried = stage.result.window.users
    return carried


def _interval(report: RunReport) -> str:
    return f"{report.options.think_time_s:g} s"
