"""All models' figures, for people and for programs. Pure."""

import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from scripts.vram.interpretation import interpretations, planning, sizes
from scripts.vram.probe import Source
from scripts.vram.result import BenchmarkResult
from scripts.vram.troubles import Trouble
from scripts.vram.words import mb, names, seconds, table

_STAND_INS = (
    "are networks with random weights that fill the memory the catalogue estimates for the models "
    "whose place they take. Their figures say how the zoo and Triton behave, and nothing about the "
    "real models"
)


@dataclass(frozen=True)
class BenchmarkReport:
    """
    Attributes:
        timestamp: in UTC, ISO 8601.
        total_bytes: of the GPU or, without one, of this machine.
        baseline_bytes: in use before the first model was loaded.
        wanted: how many models were to be measured.
        notes: what else there is to say; a sentence or two each.
    """

    timestamp: str
    source: Source
    total_bytes: int | None
    baseline_bytes: int | None
    results: tuple[BenchmarkResult, ...]
    wanted: int
    notes: tuple[str, ...] = ()

    @property
    def available_bytes(self) -> int | None:
        if self.total_bytes is None or self.baseline_bytes is None:
            return None
        return self.total_bytes - self.baseline_bytes

    @property
    def successes(self) -> tuple[BenchmarkResult, ...]:
        return tuple(one for one in self.results if one.success)

    @property
    def all_models_bytes(self) -> int | None:
        """Of all that were measured, as if they were loaded at once."""
        return sum(sizes(self.results)) if sizes(self.results) else None

    @property
    def peak_bytes(self) -> int | None:
        """Of the largest model."""
        return max(sizes(self.results), default=None)

    @property
    def average_load_s(self) -> float | None:
        loads = [one.load_s for one in self.successes if one.load_s is not None]
        return statistics.fmean(loads) if loads else None

    @property
    def memory(self) -> str:
        """What is measured, in a word or two."""
        return "VRAM" if self.source.on_gpu else "Host Memory"

    def as_dict(self) -> dict[str, Any]:
        """Bytes and seconds; unknown is None."""
        results = [
            asdict(one)
            | {
                "success": one.success,
                "actual_bytes": one.actual_bytes,
                "trouble": one.trouble and one.trouble.name.lower(),
            }
            for one in self.results
        ]
        return asdict(self) | {
            "available_bytes": self.available_bytes,
            "all_models_bytes": self.all_models_bytes,
            "peak_bytes": self.peak_bytes,
            "average_load_s": self.average_load_s,
            "results": results,
        }

    def to_markdown(self) -> str:
        return "\n".join(self._parts())

    def _parts(self) -> Iterator[str]:
        yield from self._head()
        yield f"\n## Model Results\n\n{self._results()}"
        yield f"\n## Memory by Step\n\n{self._steps()}"
        yield "\n## Summary\n"
        yield f"- **Successful loads:** {len(self.successes)}/{self.wanted}"
        yield f"- **Total {self.memory} (all models):** {mb(self.all_models_bytes)}"
        yield f"- **Peak {self.memory} (single model):** {mb(self.peak_bytes)}"
        yield f"- **Average load time:** {seconds(self.average_load_s)}"
        if notes := [*self.notes, *self._troubles()]:
            yield "\n## What Else There Is to Know\n"
            yield from (f"- {note}" for note in notes)
        rows = interpretations(self.results, self.available_bytes, self.memory)
        yield "\n## Interpreting Results\n"
        yield table(("Metric", "Here", "What It Means", "Action If Concerning"), rows)
        yield f"\n## {self.memory} Planning\n"
        yield from (
            f"- {line}" for line in planning(self.results, self.available_bytes, self.memory)
        )
        yield ""

    def _head(self) -> Iterator[str]:
        whose = "GPU" if self.source.on_gpu else "Host"
        yield f"# VRAM Benchmark Report\n\n**Timestamp:** {self.timestamp}  "
        yield f"**Source of the figures:** {self.source}  "
        yield f"**{whose} Total Memory:** {mb(self.total_bytes)}  "
        yield f"**Baseline {self.memory} Usage:** {mb(self.baseline_bytes)}  "
        yield f"**Available for Models:** {mb(self.available_bytes)}"
        if stand_ins := [one for one in self.results if one.is_stand_in]:
            count = f"{len(stand_ins)} of {len(self.results)}"
            yield f"\n**Stand-ins:** {count} models {_STAND_INS}."
        if not self.source.on_gpu:
            yield "\n**Not measured on a GPU:** host memory stands for its memory."

    def _results(self) -> str:
        memory = self.memory
        header = (
            *("Model", "Category", "Weights", f"Est. {memory}", f"Actual {memory}"),
            *("Load Time", "Unload Time", "Status"),
        )
        return table(header, list(map(_result_row, self.results)))

    def _steps(self) -> str:
        header = (
            *("Model", "Weights", "Before", "After Load", "After Batch 1", "Largest Batch"),
            *("After Largest Batch", "Left After Unload"),
        )
        return table(header, list(map(_step_row, self.results)))

    def _troubles(self) -> Iterator[str]:
        """A line for each kind, with its models and what helps."""
        for trouble in Trouble:
            if found := [one.name for one in self.results if one.trouble is trouble]:
                advice = trouble.value
                yield f"**{advice.says}** ({names(found)}): {advice.cause}. {advice.remedy}"
        if found := [one.name for one in self.results if one.by_difference]:
            yield (
                "The driver does not tell the processes of these models, so that their figures are "
                f"what the whole GPU held more than before the load: {names(found)}."
            )


def _result_row(one: BenchmarkResult) -> tuple[str, ...]:
    return (
        one.name,
        one.category,
        weights(one.weights),
        mb(one.estimated_bytes),
        mb(one.actual_bytes),
        seconds(one.load_s),
        seconds(one.unload_s),
        f"FAIL: {one.error}" if one.error else "OK",
    )


def _step_row(one: BenchmarkResult) -> tuple[str, ...]:
    return (
        one.name,
        weights(one.weights),
        mb(one.baseline_bytes),
        mb(one.loaded_bytes),
        mb(one.batch_1_bytes),
        "-" if one.largest_batch is None else str(one.largest_batch),
        mb(one.largest_batch_bytes),
        mb(one.left_bytes),
    )


def weights(text: str | None) -> str:
    """`stand-in`, the beginning of a digest, or that nobody says."""
    if text is None:
        return "unknown"
    return text[:15] if text.startswith("sha256:") else text
