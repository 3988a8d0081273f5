"""Where to look next: coordinate search over instances, batch size and delay."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Self

from scripts.tuning.points import Batching

BATCH_SIZES = (1, 2, 4, 8, 16, 32)
DELAYS_US = (0, 500, 1000, 5000)
GPU_INSTANCES = (1, 2, 3, 4)


@dataclass(frozen=True)
class Space:
    """The values to try, in ascending order."""

    instances: tuple[int, ...]
    batch_sizes: tuple[int, ...]
    delays_us: tuple[int, ...]

    def including(self, start: Batching) -> Self:
        """The same with the values of `start`, so that it can be compared with its neighbours."""
        return replace(
            self,
            instances=_with(self.instances, start.instances),
            batch_sizes=_with(self.batch_sizes, start.max_batch_size),
            delays_us=_with(self.delays_us, start.max_queue_delay_us),
        )

    @property
    def size(self) -> int:
        return len(self.instances) * len(self.batch_sizes) * len(self.delays_us)


def usual_instances(kind: str, cpu_cores: int) -> tuple[int, ...]:
    """Counts worth trying: on a CPU up to two per core in steps of about a half."""
    if kind == "KIND_GPU":
        return GPU_INSTANCES
    counts = [1]
    while counts[-1] < 2 * cpu_cores:
        counts.append(min(counts[-1] + max(1, counts[-1] // 2), 2 * cpu_cores))
    return tuple(counts)


def next_line(space: Space, best: Batching, known: Collection[Batching]) -> list[Batching]:
    """What to measure next, given the best so far: all that is unknown along one axis through it.

    Returns:
        Nothing once every line through `best` is known: the search is over.
    """
    instances = [replace(best, instances=count) for count in space.instances]
    batch_sizes = [replace(best, max_batch_size=size) for size in space.batch_sizes]
    delays = [replace(best, max_queue_delay_us=delay_us) for delay_us in space.delays_us]
    for line in (instances, batch_sizes, delays):
        unknown = [batching for batching in line if batching not in known]
        # Nothing waits for company where batches of one are the largest.
        if unknown and not (line is delays and best.max_batch_size == 1):
            return unknown
    return []


def _with(values: tuple[int, ...], value: int) -> tuple[int, ...]:
    return tuple(sorted({*values, value}))
