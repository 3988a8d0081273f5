"""What was measured, for people and for programs. Pure."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.lifecycle import chart
from scripts.lifecycle.metrics import Isolation, Lifecycle
from scripts.lifecycle.recommendations import NAMES, Recommendations
from scripts.lifecycle.verdicts import LEAK, LOAD_TIME, RECLAMATION, TABLES, Verdict

BAD = frozenset({Verdict.SLOW, Verdict.POOR, Verdict.FAIL})
HEADS = (
    "kind",
    "cold load",
    "warm load",
    "first inference, cold",
    "first inference, warm",
    "loaded",
    "at most",
    "unload",
    "comes back",
    "growth",
)
_UNLOADED_BY = {
    Isolation.PROCESS: "by garbage collection and malloc_trim",
    Isolation.SUBPROCESS: "by ending it",
    Isolation.TRITON: "by Triton, which ends the model's process",
}
_DERIVED = (
    "cold_load_ms",
    "warm_load_ms",
    "cold_inference_ms",
    "first_inference_ms",
    "runtime_mb",
    "base_mb",
    "memory_mb",
    "gpu_memory_mb",
    "footprint_mb",
    "unload_ms",
    "reclamation_percentage",
    "untrimmed_percentage",
    "leak_mb",
    "above_baseline_mb",
    "error",
)


@dataclass(frozen=True)
class Report:
    """
    Attributes:
        about: date, commit, machine, versions and what was asked for.
        gpu: the name of the GPU that PyTorch used; None where it used none.
        stopped: the signal that ended it early; None where it is whole.
    """

    about: Mapping[str, Any]
    gpu: str | None
    lifecycles: Sequence[Lifecycle]
    recommendations: Recommendations
    stopped: str | None = None


def as_json(report: Report) -> dict[str, Any]:
    return {
        **report.about,
        "gpu": report.gpu,
        "stopped": report.stopped,
        "notes": notes(report),
        "lifecycles": [
            dataclasses.asdict(one)
            | {name: getattr(one, name) for name in _DERIVED}
            | {"verdicts": verdicts(one)}
            for one in report.lifecycles
        ],
        "recommendations": dataclasses.asdict(report.recommendations)
        | {"sentences": report.recommendations.sentences()},
    }


def verdicts(lifecycle: Lifecycle) -> dict[str, Verdict | None]:
    return {
        "load_time": LOAD_TIME.verdict(lifecycle.warm_load_ms),
        "reclamation": RECLAMATION.verdict(lifecycle.reclamation_percentage),
        "leak": LEAK.verdict(lifecycle.leak_mb),
    }


def bad(lifecycles: Sequence[Lifecycle]) -> list[str]:
    """What --check fails on, such as `embedding, process: leak fail`."""
    return [
        f"{one.kind}, {one.isolation}: {name.replace('_', ' ')} {verdict}"
        for one in lifecycles
        for name, verdict in verdicts(one).items()
        if verdict in BAD
    ]


def row(lifecycle: Lifecycle) -> list[str]:
    """Under HEADS; every verdict beside its figure."""
    found = verdicts(lifecycle)
    return [
        lifecycle.kind,
        shown(lifecycle.cold_load_ms, "ms"),
        shown(lifecycle.warm_load_ms, "ms", found["load_time"]),
        shown(lifecycle.cold_inference_ms, "ms"),
        shown(lifecycle.first_inference_ms, "ms"),
        shown(lifecycle.memory_mb, "MB"),
        shown(lifecycle.footprint_mb, "MB"),
        shown(lifecycle.unload_ms, "ms"),
        shown(lifecycle.reclamation_percentage, "%", found["reclamation"]),
        shown(lifecycle.leak_mb, "MB", found["leak"]),
    ]


def shown(value: float | None, unit: str, verdict: Verdict | None = None) -> str:
    """`4,120 ms, good`; a dash for what is not known."""
    if value is None:
        return "-"
    digits = 1 if unit == "MB" and abs(value) < 10 else 0
    text = f"{value:,.{digits}f} {unit}"
    return f"{text}, {verdict}" if verdict else text


def title(isolation: Isolation) -> str:
    return f"{NAMES[isolation]}, unloaded {_UNLOADED_BY[isolation]}"


def notes(report: Report) -> list[str]:
    """How to read the figures: what they are of, and what they are not."""
    models = sorted({(one.kind, one.model, one.random_weights) for one in report.lifecycles})
    made = [f"{kind} as {model}" for kind, model, is_random in models if is_random]
    real = [f"{kind}: {model}" for kind, model, is_random in models if not is_random]
    told = []
    if report.stopped:
        told.append(f"Stopped by {report.stopped}: what is missing was not measured.")
    if made:
        told.append(
            f"Random weights, built from a configuration: {', '.join(made)}. Times and sizes are "
            "those of such a network; its answers mean nothing."
        )
    if real:
        told.append(f"From the disk: {', '.join(real)}.")
    told.append(
        "Memory is resident memory (RSS) in units of 2**20 bytes. In process it is the model's "
        "alone, beside PyTorch, which was there before; in a subprocess the whole process, PyTorch "
        "included; in Triton what the server and its models' processes have more than before. "
        "Transformers maps weights from their file, so that memory comes with the first inference."
    )
    if report.gpu is None:
        told.append("Nothing was measured on a GPU.")
    else:
        told.append(
            f"GPU: {report.gpu}. Its memory is what PyTorch had reserved; Triton's models ran on "
            "the CPU."
        )
    found = {one.isolation for one in report.lifecycles if one.error is None}
    if Isolation.TRITON in found:
        told.append(
            "The runtime differs in Triton: its Python backend runs the same network as an ONNX "
            "graph in OpenVINO, since this release of Triton cannot go with PyTorch's NumPy."
        )
    if Isolation.PROCESS in found:
        told.append(_untrimmed(report.lifecycles))
    told.append(
        "A cold load reads the files from the disk; the kernel's page cache has them for the warm "
        "ones, whose median is shown. Growth is what is left after the last cycle beyond what is "
        "left after the first, whose load fills what stays for ever."
    )
    return told


def _untrimmed(lifecycles: Sequence[Lifecycle]) -> str:
    parts = [
        f"{one.kind} {one.untrimmed_percentage:.0f} %"
        for one in lifecycles
        if one.untrimmed_percentage is not None
    ]
    return (
        "In process, what comes back counts after malloc_trim, with which the C library gives back "
        f"what it keeps. After garbage collection alone it was: {', '.join(parts) or 'not known'}."
    )


def markdown(report: Report, chart_name: str) -> str:
    """The report that people keep; the chart is a file beside it."""
    machine = report.about["machine"]
    parts = [
        "# Loading and unloading models",
        f"{report.about['date']}; {machine['cpu_model'] or 'an unknown processor'}, "
        f"{machine['cpu_cores']} cores; "
        + ", ".join(f"{name} {number}" for name, number in report.about["versions"].items())
        + ".",
        f"![Warm load, memory and what comes back, by kind of model]({chart_name})",
    ]
    for isolation in Isolation:
        found = [one for one in report.lifecycles if one.isolation is isolation]
        if found:
            parts += [f"## {title(isolation)}", table(HEADS, map(row, found))]
            parts += [f"`{one.kind}` was not measured: {one.error}" for one in found if one.error]
    parts += ["## What to do", _items(report.recommendations.sentences())]
    parts += ["## How to read it", _items(notes(report)), "## Verdicts"]
    parts += [
        table(
            (one.name, "verdict", "what to do"),
            ([row.range, row.verdict, row.action] for row in one.rows),
        )
        for one in TABLES
    ]
    return "\n\n".join(parts) + "\n"


def table(heads: Sequence[str], rows: Any) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, for a terminal."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _items(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def drawn(lifecycles: Sequence[Lifecycle]) -> str:
    """The chart, as an SVG document."""
    kinds = list(dict.fromkeys(one.kind for one in lifecycles))
    isolations = [way for way in Isolation if any(one.isolation is way for one in lifecycles)]
    by_place = {(one.kind, one.isolation): one for one in lifecycles}
    panels = [
        chart.Panel(
            name,
            unit,
            [
                [getattr(by_place.get((kind, way)), attribute, None) for way in isolations]
                for kind in kinds
            ],
        )
        for name, unit, attribute in (
            ("Warm load", "ms", "warm_load_ms"),
            ("First inference after a warm load", "ms", "first_inference_ms"),
            ("Memory at most", "MB", "footprint_mb"),
            ("Memory that comes back", "%", "reclamation_percentage"),
        )
    ]
    names = [NAMES[way] for way in isolations]
    return chart.svg("Loading and unloading models", kinds, names, panels)
