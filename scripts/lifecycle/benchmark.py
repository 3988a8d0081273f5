"""One model in one way of isolation: loaded, asked once, unloaded, again and again."""

from collections.abc import Callable

from scripts.lifecycle.errors import LifecycleError
from scripts.lifecycle.kinds import ModelConfig
from scripts.lifecycle.memory import Memory
from scripts.lifecycle.metrics import (
    MB,
    Lifecycle,
    LoadMetrics,
    UnloadMetrics,
    percentage,
)
from scripts.lifecycle.ways import Way

OnCycle = Callable[[LoadMetrics, UnloadMetrics], None]


class ModelLifecycleBenchmark:
    """
    Args:
        way: to load and unload the model; closed by whoever made it.

    Attributes:
        load_results, unload_results: of every cycle, in their order.
    """

    def __init__(self, model: ModelConfig, way: Way) -> None:
        self._model = model
        self._way = way
        self.load_results: list[LoadMetrics] = []
        self.unload_results: list[UnloadMetrics] = []

    def benchmark_load(self, *, cold: bool) -> LoadMetrics:
        """Load the model and ask it once.

        Args:
            cold: have its files read from the disk.
        """
        cycle = len(self.load_results) + 1
        try:
            metrics = self._load(cycle, cold=cold)
        except LifecycleError as error:
            metrics = LoadMetrics(cycle, error=str(error))
        self.load_results.append(metrics)
        return metrics

    def benchmark_unload(self, load: LoadMetrics) -> UnloadMetrics:
        """Unload what that load loaded."""
        try:
            metrics = self._unload(load)
        except LifecycleError as error:
            metrics = UnloadMetrics(load.cycle, error=str(error))
        self.unload_results.append(metrics)
        return metrics

    def benchmark_repeated_cycles(self, count: int, on_cycle: OnCycle | None = None) -> Lifecycle:
        """So many cycles, the first one cold; an error ends them."""
        for number in range(count):
            load = self.benchmark_load(cold=number == 0)
            if load.error:
                break
            unload = self.benchmark_unload(load)
            if on_cycle is not None:
                on_cycle(load, unload)
            if unload.error:
                break
        return self.lifecycle

    @property
    def lifecycle(self) -> Lifecycle:
        """What was measured so far."""
        return Lifecycle(
            kind=self._model.kind,
            model=self._model.name,
            isolation=self._way.isolation,
            random_weights=self._model.random_weights,
            loads=tuple(self.load_results),
            unloads=tuple(self.unload_results),
        )

    def _load(self, cycle: int, *, cold: bool) -> LoadMetrics:
        if cold:
            self._way.forget_files()
        before = self._way.memory()
        loaded = self._way.load()
        after = self._way.memory()
        first_inference_ms = self._way.infer()
        held = self._way.memory()
        return LoadMetrics(
            cycle,
            load_time_ms=loaded.load_time_ms,
            memory_before_mb=before.resident_bytes / MB,
            memory_increase_mb=(after.resident_bytes - before.resident_bytes) / MB,
            memory_held_mb=(held.resident_bytes - before.resident_bytes) / MB,
            own_held_mb=(held.own_bytes - before.own_bytes) / MB,
            gpu_memory_increase_mb=_gpu_mb(before, after),
            cache_hit=loaded.cache_hit,
            first_inference_ms=first_inference_ms,
        )

    def _unload(self, load: LoadMetrics) -> UnloadMetrics:
        held = self._way.memory()
        unloaded = self._way.unload()
        left = self._way.memory()
        before_mb = load.memory_before_mb
        whole_mb = None if before_mb is None else held.resident_bytes / MB - before_mb
        reclaimed_mb = (held.resident_bytes - left.resident_bytes) / MB
        untrimmed = unloaded.untrimmed
        untrimmed_mb = (
            None if untrimmed is None else (held.resident_bytes - untrimmed.resident_bytes) / MB
        )
        return UnloadMetrics(
            load.cycle,
            unload_time_ms=unloaded.unload_time_ms,
            memory_reclaimed_mb=reclaimed_mb,
            reclamation_percentage=percentage(reclaimed_mb, whole_mb),
            untrimmed_percentage=percentage(untrimmed_mb, whole_mb),
            gpu_memory_reclaimed_mb=_gpu_mb(left, held),
            memory_left_mb=left.resident_bytes / MB,
        )


def _gpu_mb(before: Memory, after: Memory) -> float | None:
    if before.gpu_bytes is None or after.gpu_bytes is None:
        return None
    return (after.gpu_bytes - before.gpu_bytes) / MB
