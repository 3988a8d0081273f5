"""The measured sizes, where the zoo reads them for admission."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.enrichment.measurements import Measurements
from backend.enrichment.zoo.record import smoothed
from backend.enrichment.zoo.states import Measured
from scripts.vram.result import BenchmarkResult
from scripts.vram.troubles import BenchmarkError
from scripts.vram.words import names


@dataclass(frozen=True)
class Update:
    """
    Attributes:
        measured: all that the zoo is to know, with what it knew before.
        written: models whose measurement is among it.
        refused: stand-ins, whose sizes are nobody's.
    """

    measured: Mapping[str, Measured]
    written: tuple[str, ...]
    refused: tuple[str, ...]


def merged(
    known: Mapping[str, Measured], results: Sequence[BenchmarkResult], *, allow_stand_ins: bool
) -> Update:
    """The larger of what was known and what was measured to its end."""
    sized = [one for one in results if one.success and one.actual_bytes]
    refused = [one.name for one in sized if one.is_stand_in and not allow_stand_ins]
    taken = [one for one in sized if one.name not in refused]
    new = {one.name: _with(known.get(one.name, Measured()), one) for one in taken}
    return Update({**known, **new}, tuple(new), tuple(refused))


def update(path: Path, results: Sequence[BenchmarkResult], *, allow_stand_ins: bool) -> Update:
    """Merge into the zoo's file.

    Raises:
        BenchmarkError: it cannot be written.
    """
    file = Measurements(path)
    made = merged(file.read(), results, allow_stand_ins=allow_stand_ins)
    if made.written:
        file.keep(made.measured)
        if Measurements(path).read() != made.measured:
            raise BenchmarkError(f"The sizes could not be written to {path}.")
    return made


def sentences(made: Update, path: Path) -> list[str]:
    """What was done, and what was not."""
    said = []
    if made.written:
        said.append(
            f"The sizes of {names(made.written)} were written to {path}. The zoo reads them when "
            "its process starts; one that runs now may write over them."
        )
    else:
        said.append(f"No sizes were written to {path}.")
    if made.refused:
        said.append(
            f"Not written, because they are stand-ins': the sizes of {names(made.refused)}. "
            "--allow-stand-ins writes them all the same."
        )
    return said


def _with(before: Measured, result: BenchmarkResult) -> Measured:
    load_s = before.load_s if result.load_s is None else smoothed(before.load_s, result.load_s)
    peak_bytes = max(before.peak_bytes or 0, result.actual_bytes or 0)
    return Measured(peak_bytes=peak_bytes, load_s=load_s)
