"""One run: measured, shown, written down."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from scripts._stack import PROJECT, Interrupted, interruptible, say
from scripts.lifecycle import campaign, report
from scripts.lifecycle.about import about, new_folder
from scripts.lifecycle.metrics import Isolation
from scripts.lifecycle.options import Options
from scripts.lifecycle.recommendations import recommend
from scripts.lifecycle.report import Report

_PACKAGES = ("torch", "transformers", "sentence-transformers", "openvino", "numpy")


def run(given: Options) -> int:
    """Measure it all; returns the exit status.

    Raises:
        LifecycleError: a model could not be made.
    """
    findings = campaign.Findings()
    plan = campaign.Plan(
        given.kinds, given.isolations, given.cycles, given.folders, device=given.device
    )
    scratch = PROJECT / "var/run"
    scratch.mkdir(parents=True, exist_ok=True)
    stopped: Interrupted | None = None
    with tempfile.TemporaryDirectory(prefix="lifecycle_", dir=scratch) as folder:
        try:
            with interruptible():
                campaign.run(plan, Path(folder), findings, say)
        except Interrupted as interruption:
            stopped = interruption
            print(f"Stopped by {stopped}; nothing is left running.", file=sys.stderr)
    if findings.lifecycles:
        made = Report(
            about=about(settings(given), _PACKAGES),
            gpu=findings.gpu,
            lifecycles=findings.lifecycles,
            recommendations=recommend(findings.lifecycles, models=given.models),
            stopped=str(stopped) if stopped else None,
        )
        show(made)
        say(f"\nWritten to {write(made, given.out or new_folder('lifecycle'))}.")
    return stopped.exit_code if stopped else outcome(findings, check=given.check)


def outcome(findings: campaign.Findings, *, check: bool) -> int:
    """1 where something was not measured, or has a bad verdict that was to be checked."""
    bad = report.bad(findings.lifecycles) if check else []
    for verdict in bad:
        print(verdict, file=sys.stderr)
    return 1 if bad or any(one.error for one in findings.lifecycles) else 0


def show(made: Report) -> None:
    """What a person at the terminal sees."""
    for isolation in Isolation:
        found = [one for one in made.lifecycles if one.isolation is isolation]
        if found:
            say(f"\n{report.title(isolation)}")
            say(report.aligned([report.HEADS, *map(report.row, found)]))
        for one in found:
            if one.error:
                say(f"{one.kind} was not measured: {one.error}")
    say("\nWhat to do")
    for sentence in made.recommendations.sentences():
        say(f"- {sentence}")
    say("\nHow to read it")
    for sentence in report.notes(made):
        say(f"- {sentence}")


def write(made: Report, folder: Path) -> Path:
    """lifecycle.json, lifecycle.md and lifecycle.svg; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report.as_json(made), indent=1) + "\n"
    (folder / "lifecycle.json").write_text(text, encoding="utf-8")
    (folder / "lifecycle.md").write_text(report.markdown(made, "lifecycle.svg"), encoding="utf-8")
    (folder / "lifecycle.svg").write_text(report.drawn(made.lifecycles), encoding="utf-8")
    return folder


def settings(given: Options) -> dict[str, Any]:
    """What was asked for."""
    return {
        "cycles": given.cycles,
        "device": given.device,
        "models": given.models,
        "folders": {kind.value: str(folder) for kind, folder in given.folders.items()},
    }
