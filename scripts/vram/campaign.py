"""All models, one after the other, and what is known of them whenever it ends."""

import datetime
from dataclasses import replace

from backend.enrichment.zoo.control import SystemClock
from backend.errors import TritonError
from scripts._stack import say
from scripts.vram import probe
from scripts.vram.measuring import measure
from scripts.vram.options import Options
from scripts.vram.place import Place
from scripts.vram.probe import Probe
from scripts.vram.progress import shown
from scripts.vram.report import BenchmarkReport
from scripts.vram.result import BenchmarkResult
from scripts.vram.troubles import BenchmarkError, Trouble, trouble_of
from scripts.vram.words import mb, seconds
from scripts.zoo_models.configuration import STAND_IN, weights_of

RULE = "=" * 60
# After these, nobody knows what the server still holds, or whether it is there.
_SPOIL = (Trouble.UNREACHABLE, Trouble.DIED, Trouble.UNDECIDED, Trouble.OUT_OF_MEMORY)


class Campaign:
    def __init__(self, options: Options) -> None:
        self._options = options
        self._blank: BenchmarkReport | None = None
        self.results: list[BenchmarkResult] = []

    def measure(self, place: Place) -> None:
        """
        Raises:
            BenchmarkError: Triton cannot be asked at all.
            StackError: a Triton of the benchmark's own does not start, or not again.
        """
        with place:
            check(place)
            source = probe.choose(place.processes)
            self._blank = self._report(source)
            say(opening(self._blank))
            with shown(len(self._options.specs)) as progress:
                for spec in self._options.specs:
                    if self.results and needs_another_triton(self.results[-1]):
                        progress.step("starting Triton again")
                        place.renew()

                    def step(text: str, name: str = spec.name) -> None:
                        progress.step(f"{name}: {text}")

                    result = measure(
                        spec,
                        place.server,
                        source,
                        weights=self._weights_of(spec.name),
                        requests=self._options.requests,
                        clock=SystemClock(),
                        step=step,
                    )
                    self.results.append(result)
                    progress.done(line_of(result))

    @property
    def is_whole(self) -> bool:
        """Whether every model has been measured to its end."""
        return self._is_over and all(one.success for one in self.results)

    def report(self) -> BenchmarkReport | None:
        """None where nothing was measured."""
        if self._blank is None or not self.results:
            return None
        made = replace(self._blank, results=tuple(self.results))
        if self._is_over:
            return made
        ended = f"The benchmark was ended after {len(self.results)} of {made.wanted} models."
        return replace(made, notes=(*made.notes, ended))

    def _weights_of(self, name: str) -> str | None:
        if self._options.given is not None:
            return None
        return weights_of(self._options.repository / name)

    @property
    def _is_over(self) -> bool:
        return len(self.results) == len(self._options.specs)

    def _report(self, source: Probe) -> BenchmarkReport:
        """As it is before the first model."""
        return BenchmarkReport(
            timestamp=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            source=source.source,
            total_bytes=source.total_bytes(),
            baseline_bytes=source.used_bytes(),
            results=(),
            wanted=len(self._options.specs),
            notes=source.notes,
        )


def check(place: Place) -> None:
    """Whether Triton can be asked, and lets this program load models.

    Raises:
        BenchmarkError
    """
    try:
        place.server.index()
    except TritonError as error:
        raise BenchmarkError(trouble_of(str(error)).text(str(error))) from error


def needs_another_triton(result: BenchmarkResult) -> bool:
    """Whether what it left behind would spoil the next model's figures."""
    return result.trouble in _SPOIL or bool(result.left_bytes)


def opening(report: BenchmarkReport) -> str:
    return "\n".join(
        [
            f"{RULE}\nVRAM Benchmark for the Model Zoo\n{RULE}\n",
            *report.notes,
            f"Source of the figures: {report.source}",
            f"  Total: {mb(report.total_bytes)}",
            f"  Baseline: {mb(report.baseline_bytes)}",
            f"  Available: {mb(report.available_bytes)}",
            f"\nBenchmarking {report.wanted} enabled models...\n",
        ]
    )


def line_of(result: BenchmarkResult) -> str:
    label = f" ({STAND_IN})" if result.is_stand_in else ""
    begin = f"  Loading {result.name}{label}..."
    if result.error:
        return f"{begin} FAIL: {result.error}"
    trouble = f" {result.trouble.value.says}." if result.trouble else ""
    return f"{begin} OK ({seconds(result.load_s)}, {mb(result.actual_bytes)}){trouble}"
