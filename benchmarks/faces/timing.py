"""Processor time of one search, in turns with the others on the same pictures."""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from benchmarks.faces.scenes import Scene
from benchmarks.faces.ways import Find
from loadtest._analysis._metrics import percentile

REPEATS = 3


@dataclass(frozen=True)
class Times:
    """Milliseconds of one core for one picture."""

    pictures: int
    p50_ms: float
    p95_ms: float


def measured(
    searches: Mapping[str, Find],
    scenes: Iterable[Scene],
    *,
    clock_s: Callable[[], float] = time.thread_time,
) -> dict[str, Times]:
    """Each search on each scene; a scene counts with the median of its repeats.

    Args:
        clock_s: The thread's processor time, which other processes on the machine do not add to.
    """
    taken_ms: dict[str, list[float]] = {name: [] for name in searches}
    pictures = 0
    for scene in scenes:
        repeats: dict[str, list[float]] = {name: [] for name in searches}
        # The first turn only warms up.
        for turn in range(REPEATS + 1):
            for name, find in searches.items():
                started_s = clock_s()
                find(scene.pixels)
                if turn:
                    repeats[name].append((clock_s() - started_s) * 1000)
        for name, values in repeats.items():
            taken_ms[name].append(statistics.median(values))
        pictures += 1
    return {
        name: Times(pictures, percentile(sorted(values), 50), percentile(sorted(values), 95))
        for name, values in taken_ms.items()
        if values
    }
