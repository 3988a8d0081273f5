"""A way of isolation that does nothing but say what it was told to say."""

from collections.abc import Sequence
from pathlib import Path

from scripts.lifecycle.errors import HolderFailed
from scripts.lifecycle.kinds import Kind, ModelConfig
from scripts.lifecycle.memory import Memory
from scripts.lifecycle.metrics import MB, Isolation, Lifecycle, LoadMetrics, UnloadMetrics
from scripts.lifecycle.ways import Loaded, Unloaded

MODEL = ModelConfig(Kind.VISION, "ViT-S/16", Path("nowhere"), random_weights=True)


def held(resident_mb: float, *, gpu_mb: float | None = None) -> Memory:
    gpu_bytes = None if gpu_mb is None else int(gpu_mb * MB)
    return Memory(int(resident_mb * MB), int(resident_mb * MB / 2), gpu_bytes)


class ScriptedWay:
    """
    Args:
        memories: what it holds, look after look: before, loaded, asked, before the unload, after.
        fails_at: the load that is refused, from 1.
    """

    def __init__(
        self,
        memories: Sequence[Memory],
        *,
        isolation: Isolation = Isolation.PROCESS,
        load_ms: Sequence[float] = (),
        untrimmed: Memory | None = None,
        fails_at: int = 0,
    ) -> None:
        self.isolation = isolation
        self._memories = iter(memories)
        self._load_ms = iter(load_ms)
        self._untrimmed = untrimmed
        self._fails_at = fails_at
        self._loads = 0
        self.forgotten = 0
        self.closed = False

    def forget_files(self) -> None:
        self.forgotten += 1

    def load(self) -> Loaded:
        self._loads += 1
        if self._loads == self._fails_at:
            raise HolderFailed("ValueError: no such network")
        return Loaded(next(self._load_ms, 100.0), cache_hit=self.forgotten < self._loads)

    def infer(self) -> float:
        return 7.0

    def unload(self) -> Unloaded:
        return Unloaded(20.0, self._untrimmed)

    def memory(self) -> Memory:
        return next(self._memories)

    def close(self) -> None:
        self.closed = True


def lifecycle(
    *,
    kind: Kind = Kind.VISION,
    isolation: Isolation = Isolation.PROCESS,
    load_ms: Sequence[float] = (900.0, 300.0, 500.0),
    held_mb: float = 100.0,
    back: Sequence[float] = (60.0, 95.0, 97.0),
    left_mb: Sequence[float] = (440.0, 441.0, 442.0),
    random_weights: bool = True,
) -> Lifecycle:
    loads = tuple(
        LoadMetrics(
            cycle,
            load_time_ms=ms,
            memory_before_mb=400.0,
            memory_increase_mb=held_mb - 10,
            memory_held_mb=held_mb,
            own_held_mb=held_mb / 2,
            cache_hit=cycle > 1,
            first_inference_ms=ms / 10,
        )
        for cycle, ms in enumerate(load_ms, start=1)
    )
    unloads = tuple(
        UnloadMetrics(
            cycle,
            unload_time_ms=20.0,
            memory_reclaimed_mb=held_mb * percent / 100,
            reclamation_percentage=percent,
            untrimmed_percentage=percent / 2 if isolation is Isolation.PROCESS else None,
            memory_left_mb=left,
        )
        for cycle, (percent, left) in enumerate(zip(back, left_mb, strict=True), start=1)
    )
    return Lifecycle(kind, "ViT-S/16", isolation, random_weights, loads, unloads)


def failed(kind: Kind, isolation: Isolation, error: str) -> Lifecycle:
    return Lifecycle(kind, "ViT-S/16", isolation, True, (LoadMetrics(1, error=error),), ())
