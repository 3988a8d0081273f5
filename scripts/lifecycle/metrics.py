"""What is measured of a model's life, with its units. Pure. MB are units of 2**20 bytes."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from scripts.lifecycle.kinds import Kind

MB = 2**20


class Isolation(StrEnum):
    """Where a model is, and what unloads it."""

    PROCESS = "process"  # the application's own: garbage collection
    SUBPROCESS = "subprocess"  # one of its own: it is ended
    TRITON = "triton"  # one of Triton's Python backend: Triton ends it


@dataclass(frozen=True)
class LoadMetrics:
    """One load and the first inference after it; None is not known.

    Attributes:
        cycle: from 1; the first one is the cold one.
        memory_before_mb: resident memory (RSS) of the processes before.
        memory_increase_mb: and how much more once the model was loaded; of weights that are mapped
            from their file only what was touched so far.
        memory_held_mb: and how much more after the first inference.
        own_held_mb: as memory_held_mb, of what no other process shares (USS).
        gpu_memory_increase_mb: what PyTorch had reserved on the GPU more than before.
        cache_hit: whether the model's files were in the kernel's page cache.
        error: why there are no figures.
    """

    cycle: int
    load_time_ms: float | None = None
    memory_before_mb: float | None = None
    memory_increase_mb: float | None = None
    memory_held_mb: float | None = None
    own_held_mb: float | None = None
    gpu_memory_increase_mb: float | None = None
    cache_hit: bool | None = None
    first_inference_ms: float | None = None
    error: str | None = None


@dataclass(frozen=True)
class UnloadMetrics:
    """One unload; None is not known.

    Attributes:
        unload_time_ms: until the memory was back, or was not going to come.
        memory_reclaimed_mb: that the processes have less than before the unload.
        reclamation_percentage: of what they had more than before the load.
        untrimmed_percentage: the same after garbage collection alone, before the C library was
            told to give back what it keeps (malloc_trim); in process only.
        memory_left_mb: resident memory of the processes after it.
    """

    cycle: int
    unload_time_ms: float | None = None
    memory_reclaimed_mb: float | None = None
    reclamation_percentage: float | None = None
    untrimmed_percentage: float | None = None
    gpu_memory_reclaimed_mb: float | None = None
    memory_left_mb: float | None = None
    error: str | None = None


@dataclass(frozen=True)
class Lifecycle:
    """One model in one way of isolation, over all cycles."""

    kind: Kind
    model: str
    isolation: Isolation
    random_weights: bool
    loads: tuple[LoadMetrics, ...]
    unloads: tuple[UnloadMetrics, ...]

    @property
    def error(self) -> str | None:
        errors = [*(one.error for one in self.loads), *(one.error for one in self.unloads)]
        return next(filter(None, errors), None)

    @property
    def cold_load_ms(self) -> float | None:
        return self.loads[0].load_time_ms if self.loads else None

    @property
    def warm_load_ms(self) -> float | None:
        """The median of the loads after the first."""
        return _median(one.load_time_ms for one in self.loads[1:])

    @property
    def cold_inference_ms(self) -> float | None:
        """The first inference after the first load."""
        return self.loads[0].first_inference_ms if self.loads else None

    @property
    def first_inference_ms(self) -> float | None:
        """The median of the first inferences after the other loads."""
        return _median(one.first_inference_ms for one in self.loads[1:])

    @property
    def runtime_mb(self) -> float | None:
        """Resident memory of the processes before any model."""
        return self.loads[0].memory_before_mb if self.loads else None

    @property
    def base_mb(self) -> float | None:
        """The median of what the processes had before the loads after the first."""
        return _median(one.memory_before_mb for one in self.loads[1:])

    @property
    def memory_mb(self) -> float | None:
        """The median of what the model held once loaded."""
        return _median(one.memory_increase_mb for one in self.loads[1:])

    @property
    def gpu_memory_mb(self) -> float | None:
        return _median(one.gpu_memory_increase_mb for one in self.loads[1:])

    @property
    def footprint_mb(self) -> float | None:
        """The most that it held after a load or after its first inference.

        Without the first cycle, which also brings in what stays for ever.
        """
        return max(
            (
                held
                for one in self.loads[1:]
                for held in (one.memory_increase_mb, one.memory_held_mb)
                if held is not None
            ),
            default=None,
        )

    @property
    def unload_ms(self) -> float | None:
        return _median(one.unload_time_ms for one in self.unloads[1:])

    @property
    def reclamation_percentage(self) -> float | None:
        """The median without the first cycle, whose load fills what stays for ever."""
        return _median(one.reclamation_percentage for one in self.unloads[1:])

    @property
    def untrimmed_percentage(self) -> float | None:
        return _median(one.untrimmed_percentage for one in self.unloads[1:])

    @property
    def leak_mb(self) -> float | None:
        """How much more is left after the last unload than after the first."""
        left = [one.memory_left_mb for one in self.unloads if one.memory_left_mb is not None]
        return left[-1] - left[0] if len(left) > 1 else None

    @property
    def above_baseline_mb(self) -> float | None:
        """How much more is left after the last unload than there was before the first load."""
        left = [one.memory_left_mb for one in self.unloads if one.memory_left_mb is not None]
        return left[-1] - self.runtime_mb if left and self.runtime_mb is not None else None


def percentage(part_mb: float | None, whole_mb: float | None) -> float | None:
    """None where the whole is nothing."""
    if part_mb is None or whole_mb is None or whole_mb <= 0:
        return None
    return 100 * part_mb / whole_mb


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
