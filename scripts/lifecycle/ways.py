"""Ways to have a model isolated, and what unloads it in each of them."""

import time
from dataclasses import dataclass
from typing import Protocol

from scripts.lifecycle import memory, page_cache
from scripts.lifecycle.errors import HolderLost
from scripts.lifecycle.kinds import ModelConfig
from scripts.lifecycle.memory import Memory
from scripts.lifecycle.metrics import Isolation
from scripts.lifecycle.worker import NETWORKS, Worker


@dataclass(frozen=True)
class Loaded:
    """Attributes:
    cache_hit: whether the files were in the kernel's page cache; None where it does not say.
    """

    load_time_ms: float
    cache_hit: bool | None


@dataclass(frozen=True)
class Unloaded:
    """Attributes:
    untrimmed: what was held after garbage collection alone, where that is another moment.
    """

    unload_time_ms: float
    untrimmed: Memory | None = None


class Way(Protocol):
    """One model in one way of isolation.

    Each method may raise a LifecycleError.
    """

    isolation: Isolation

    def forget_files(self) -> None:
        """Have the next load read from the disk."""

    def load(self) -> Loaded: ...

    def infer(self) -> float:
        """Milliseconds of one inference."""

    def unload(self) -> Unloaded: ...

    def memory(self) -> Memory:
        """Of the processes that hold the model, or would."""

    def close(self) -> None:
        """End what was started; safe to call twice."""


class InProcess:
    """The application's own process, which has PyTorch and stays when the model goes.

    Args:
        module: see Worker.
    """

    isolation = Isolation.PROCESS

    def __init__(self, model: ModelConfig, device: str, *, module: str = NETWORKS) -> None:
        self.model = model
        self._device = device
        self._worker = Worker(module)

    def forget_files(self) -> None:
        page_cache.forget(self.model.files)

    def load(self) -> Loaded:
        return _load(self._worker, self.model, self._device)

    def infer(self) -> float:
        return float(self._worker.ask("infer")["inference_ms"])

    def unload(self) -> Unloaded:
        answer = self._worker.ask("unload")
        untrimmed = answer["untrimmed"]
        return Unloaded(answer["unload_time_ms"], Memory(**untrimmed) if untrimmed else None)

    def memory(self) -> Memory:
        return self._worker.memory()

    def close(self) -> None:
        self._worker.end()


class InSubprocess:
    """A process for the model alone: started to load it, ended to unload it."""

    isolation = Isolation.SUBPROCESS

    def __init__(self, model: ModelConfig, device: str, *, module: str = NETWORKS) -> None:
        self.model = model
        self._device = device
        self._module = module
        self._worker: Worker | None = None

    def forget_files(self) -> None:
        page_cache.forget(self.model.files)

    def load(self) -> Loaded:
        began_s = time.perf_counter()
        self._worker = Worker(self._module)
        loaded = _load(self._worker, self.model, self._device)
        return Loaded((time.perf_counter() - began_s) * 1000, loaded.cache_hit)

    def infer(self) -> float:
        return float(self._held().ask("infer")["inference_ms"])

    def unload(self) -> Unloaded:
        began_s = time.perf_counter()
        self.close()
        return Unloaded((time.perf_counter() - began_s) * 1000)

    def memory(self) -> Memory:
        return self._worker.memory() if self._worker is not None else memory.NOTHING

    def close(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def _held(self) -> Worker:
        if self._worker is None:
            raise HolderLost("There is no process that holds the model.")
        return self._worker


def _load(worker: Worker, model: ModelConfig, device: str) -> Loaded:
    answer = worker.ask(
        "load",
        kind=model.kind,
        folder=str(model.folder),
        device=device,
        files=[str(file) for file in model.files],
    )
    return Loaded(answer["load_time_ms"], answer["cache_hit"])
