"""What the operator reads: a row per measurement, the verdict, the header of the file, JSON."""

import statistics
from dataclasses import asdict
from datetime import date
from typing import Any

from loadtest._analysis._hardware import Hardware
from loadtest._report._console import number
from scripts.tuning.choice import nearest
from scripts.tuning.plan import Findings, Plan
from scripts.tuning.points import Batching, Load, Measurement

_COLUMNS = (
    ("Instances", 9),
    ("Batch", 6),
    ("Delay us", 9),
    ("Frames", 11),
    ("Frames/s", 9),
    ("p50 ms", 8),
    ("p95 ms", 8),
    ("Formed", 7),
    ("CPU ms", 7),
    ("MB", 6),
    ("Others", 7),
)
# Less than this is what any machine does beside.
QUIET_CORES = 0.15
HEADINGS = "".join(f"{name:>{width}}" for name, width in _COLUMNS)


def row(batching: Batching, load: Load, measured: Measurement | None) -> str:
    """Frames in flight over connections, the mean batch formed, cores that others kept busy."""
    cells = [
        str(batching.instances),
        str(batching.max_batch_size),
        str(batching.max_queue_delay_us),
        f"{load.frames} over {load.connections}",
    ]
    if measured is None:
        return _aligned(cells) + "  Triton refused it"
    cells += [
        number(measured.frames_per_s),
        number(measured.p50_ms),
        number(measured.p95_ms),
        number(measured.mean_batch),
        number(measured.cpu_ms_per_frame, 2),
        number(measured.memory_bytes / 1e6, 0),
        number(measured.other_cores),
    ]
    return _aligned(cells) + (f"  {measured.failed} failed" if measured.failed else "")


def table(findings: Findings, plan: Plan) -> str:
    """Every configuration under the load that decides, then the finalists under each load."""
    searched = sorted(
        findings.points.items(), key=lambda point: -(point[1].frames_per_s if point[1] else 0)
    )
    lines = ["Searched:", HEADINGS, *(row(b, plan.load, measured) for b, measured in searched)]
    finals = _finals(findings, plan)
    if finals:
        lines += ["", "Measured again, medians:", HEADINGS, *(row(*final) for final in finals)]
    return "\n".join(lines)


def described(batching: Batching) -> str:
    return (
        f"instances {batching.instances}, largest batch {batching.max_batch_size}, "
        f"delay {batching.max_queue_delay_us} us"
    )


def figures(measured: Measurement) -> str:
    return (
        f"{number(measured.frames_per_s, 0)} frames/s, p50 {number(measured.p50_ms)} ms, "
        f"p95 {number(measured.p95_ms)} ms"
    )


def verdict(findings: Findings, plan: Plan, winner: Batching | None, start: Batching) -> str:
    """The winner beside what is configured now; where nothing won, what would."""
    under = findings.under(plan.load)
    measured = under.get(winner) if winner else None
    if winner is None or measured is None:
        return _nothing_meets(findings, plan)
    lines = [f"Best: {described(winner)}: {figures(measured)}."]
    now = under.get(start)
    if winner == start:
        lines.append("That is what is configured now.")
    elif now is not None:
        lines.append(f"Now:  {described(start)}: {figures(now)}.")
    return "\n".join(lines)


def disturbance(findings: Findings) -> str | None:
    """A warning where other processes had a say in the figures."""
    others = [measured.other_cores for measured in findings.points.values() if measured]
    if not others or (mean := statistics.fmean(others)) < QUIET_CORES:
        return None
    return f"Other processes kept {mean:.1f} cores busy meanwhile: measure again without them."


def header(
    findings: Findings,
    plan: Plan,
    winner: Batching,
    start: Batching,
    hardware: Hardware,
    on: date,
) -> list[str]:
    """Comment lines for the configuration that is written."""
    under = findings.under(plan.load)
    measured, now = under[winner], under.get(start)
    assert measured is not None
    used = (
        f"{number(measured.cpu_ms_per_frame, 2)} ms CPU per frame, "
        f"{number(measured.memory_bytes / 1e6, 0)} MB."
    )
    lines = [
        f"Found by `make tune` on {on.isoformat()} on {machine(hardware)}.",
        f"{plan.load}, objective p95 {plan.objective_ms:g} ms:",
        f"{figures(measured)}, {used}",
    ]
    if now is not None and winner != start:
        lines.append(f"As config.pbtxt has it: {figures(now)}.")
    if disturbed := disturbance(findings):
        lines.append(disturbed)
    return lines


def machine(hardware: Hardware) -> str:
    return f"{hardware.cpu_model or 'an unknown CPU'}, {hardware.cpu_cores} cores"


def as_json(
    findings: Findings, plan: Plan, winner: Batching | None, hardware: Hardware
) -> dict[str, Any]:
    return {
        "machine": asdict(hardware),
        "plan": asdict(plan),
        "points": [
            {**asdict(batching), "measured": _plain(measured)}
            for batching, measured in findings.points.items()
        ],
        "finals": [
            {**asdict(batching), "load": asdict(load), "measured": _plain(measured)}
            for batching, load, measured in _finals(findings, plan)
        ],
        "winner": asdict(winner) if winner else None,
    }


def _nothing_meets(findings: Findings, plan: Plan) -> str:
    under = findings.under(plan.load)
    best = nearest(under)
    measured = under[best] if best else None
    if best is None or measured is None:
        return "Nothing was measured."
    lines = [
        f"Nothing has a p95 of {plan.objective_ms:g} ms or less with {plan.load}.",
        f"Nearest: {described(best)}: {figures(measured)}.",
    ]
    met = [
        load
        for batching, load, final in _finals(findings, plan)
        if batching == best and final.p95_ms is not None and final.p95_ms <= plan.objective_ms
    ]
    if met:
        lines.append(f"It meets the objective with {max(met, key=lambda load: load.frames)}.")
    lines.append("Use more or faster cores, fewer frames (--in-flight), or another --objective-ms.")
    return "\n".join(lines)


def _finals(findings: Findings, plan: Plan) -> list[tuple[Batching, Load, Measurement]]:
    return [
        (batching, load, measured)
        for batching in findings.finalists
        for load in plan.loads
        if (measured := findings.final(batching, load)) is not None
    ]


def _plain(measured: Measurement | None) -> dict[str, Any] | None:
    if measured is None:
        return None
    return {**asdict(measured), "mean_batch": measured.mean_batch}


def _aligned(cells: list[str]) -> str:
    return "".join(f"{cell:>{width}}" for cell, (_, width) in zip(cells, _COLUMNS, strict=False))
