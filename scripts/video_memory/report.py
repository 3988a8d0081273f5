"""What was measured, for people and for programs. Pure."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from scripts.lifecycle import chart
from scripts.lifecycle.report import aligned
from scripts.video_memory import words
from scripts.video_memory.result import Place, Result
from scripts.vram.words import table

CHART = "video-memory.svg"


def as_json(result: Result, about: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **about,
        "gpu": result.gpu,
        "memory_is": words.of_what(result),
        "random_weights": True,
        "sizes": dataclasses.asdict(result.sizes)
        | {
            "frames_bytes": result.sizes.frames_bytes,
            "pixels_bytes": result.sizes.pixels_bytes,
        },
        "peak_bytes": {place: result.peak_bytes(place) for place in Place},
        "peak_ratio": result.peak_ratio,
        "growth_bytes_per_clip": {place: result.growth_bytes(place) for place in Place},
        "slowdown_ratio": dataclasses.asdict(result.slowdown_ratio),
        "more_work_ratio": result.more_work_ratio and dataclasses.asdict(result.more_work_ratio),
        "transfer_ms": dataclasses.asdict(result.transfer_ms),
        "cutting_ms": dataclasses.asdict(result.cutting_ms),
        "question_ms": {place: dataclasses.asdict(result.question_ms(place)) for place in Place},
        "store_bytes": result.store_bytes,
        "answers": {"compared": result.compared, "different": result.different},
        "errors": dataclasses.asdict(result.errors)
        | {"clean": result.errors.is_clean(result.sizes)},
        "original": {
            "peak_gb": words.ORIGINAL_GB,
            "peak_ratio": words.ORIGINAL_RATIO,
            "most_slowdown_ratio": words.ORIGINAL_SLOWDOWN_RATIO,
            "transfer_ms": [50, 100],
        },
        "baseline": dataclasses.asdict(result.baseline),
        "points": [dataclasses.asdict(point) for point in result.points],
        "questions": [dataclasses.asdict(question) for question in result.questions],
        "stages": [dataclasses.asdict(stage) for stage in result.stages],
        "verdicts": words.verdicts(result),
        "notes": words.notes(result),
    }


def terminal(result: Result) -> str:
    """What a person at the terminal sees."""
    return "\n".join(
        [
            f"\nMemory of the device by clips kept ({words.of_what(result)})",
            aligned([words.MEMORY, *words.memory_rows(result)]),
            "\nBeside the original",
            aligned([words.COMPARED, *words.compared(result)]),
            "\nWhat came out",
            _items(words.verdicts(result)),
            "\nHow to read it",
            _items(words.notes(result)),
        ]
    )


def markdown(result: Result, about: Mapping[str, Any]) -> str:
    """The report that people keep; the chart is a file beside it."""
    machine = about["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    return (
        "\n\n".join(
            [
                "# Frames of clips on the device, and in host memory",
                (
                    f"{about['date']}; {machine['cpu_model'] or 'an unknown processor'}, "
                    f"{machine['cpu_cores']} cores; GPU: {result.gpu or 'none'}; {versions}."
                ),
                f"![Peak memory by clips kept, in both ways]({CHART})",
                f"## Memory of the device ({words.of_what(result)})",
                table(words.MEMORY, words.memory_rows(result)),
                "## Beside the original",
                table(words.COMPARED, words.compared(result)),
                "## What came out",
                _items(words.verdicts(result)),
                "## How to read it",
                _items(words.notes(result)),
            ]
        )
        + "\n"
    )


def drawn(result: Result) -> str:
    """The chart, as an SVG document."""
    counts = [point.clips for point in result.series(Place.DEVICE)]
    base_bytes = result.baseline.reserved_bytes
    peaks = [
        [result.series(place)[row].memory.peak_bytes for place in Place]
        for row in range(len(counts))
    ]
    panels = [
        chart.Panel("At most", "MB", [_mb(row) for row in peaks]),
        chart.Panel(
            "At most, beyond the loaded models",
            "MB",
            [_mb([peak - base_bytes for peak in row]) for row in peaks],
        ),
    ]
    groups = [f"{count} clips" for count in counts]
    title = f"Memory by clips kept: {words.of_what(result)}"
    return chart.svg(title, groups, [words.NAMES[place] for place in Place], panels)


def _mb(sizes_bytes: Sequence[float]) -> list[float | None]:
    return [size_bytes / 2**20 for size_bytes in sizes_bytes]


def _items(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)
