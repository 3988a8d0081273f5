"""Candidates in turn, round after round: what slows the machine for a while slows them all."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.candidates import Candidate
from benchmarks.figures import Window
from benchmarks.perf_analyzer import NotRun

BUSY_CONNECTIONS = 16
WARM_UP_SHARE = 0.3
# One connection needs fewer samples than it takes to fill a machine.
ALONE_SHARE = 0.5


@dataclass
class Result:
    """One candidate's measurements, a window per round.

    Attributes:
        busy: under BUSY_CONNECTIONS connections.
        alone: under one.
        not_run: why there are none.
    """

    name: str
    title: str
    busy: list[Window] = field(default_factory=list)
    alone: list[Window] = field(default_factory=list)
    not_run: str | None = None


def alternate(
    candidates: Sequence[Candidate], *, rounds: int, seconds: float, label: str
) -> dict[str, Result]:
    """Measure each candidate once per round, after one warm-up of all."""
    results = {one.name: Result(one.name, one.title) for one in candidates}
    for number in range(rounds + 1):
        for candidate in candidates:
            result = results[candidate.name]
            if result.not_run is not None:
                continue
            what = f"round {number} of {rounds}" if number else "warm-up"
            progress(f"{label}: {what}: {candidate.title}")
            try:
                if number:
                    result.busy.append(candidate.measure(BUSY_CONNECTIONS, seconds))
                    result.alone.append(candidate.measure(1, seconds * ALONE_SHARE))
                else:
                    candidate.measure(BUSY_CONNECTIONS, seconds * WARM_UP_SHARE)
            except NotRun as reason:
                result.not_run = str(reason)
    return results


def progress(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
