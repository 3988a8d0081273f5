"""A Triton and a device whose memory a test decides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.enrichment import catalog
from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.tasks.pictures import Tensors
from backend.errors import TritonError, TritonUnavailable
from backend.triton.grpc_server import ModelDescription
from scripts.vram.probe import Probe, Source

MB = 2**20
CATALOG = catalog.load()


def spec_of(name: str) -> ModelSpec:
    return CATALOG[name]


class Clock:
    """Time passes when somebody sleeps."""

    def __init__(self) -> None:
        self.at_s = 100.0

    def now_s(self) -> float:
        return self.at_s

    def sleep(self, duration_s: float) -> None:
        self.at_s += duration_s

    def wait(self, condition: object, timeout_s: float) -> None:
        raise AssertionError("nobody waits for another here")


@dataclass
class Behaviour:
    """How one model behaves.

    Attributes:
        grows_mb: with each picture of the largest batch that it was sent.
        keeps_mb: after its unload.
        load_error, infer_error: raised instead.
        fails_at_batch: from this size on, `infer_error` is raised.
    """

    holds_mb: int = 100
    grows_mb: int = 0
    keeps_mb: int = 0
    load_s: float = 0.5
    unload_s: float = 0.25
    max_batch_size: int = 4
    weights: str | None = "stand-in"
    load_error: BaseException | None = None
    infer_error: BaseException | None = None
    fails_at_batch: int = 1


@dataclass
class FakeTriton:
    """Implements `measuring.Triton` and `probe.DeviceMemory`.

    Attributes:
        tells_processes: whether the driver tells what each process holds.
        asked: the batch axis of each inference.
        dies: whenever it loads a model; it cannot be reached from then on.
    """

    models: dict[str, Behaviour]
    clock: Clock = field(default_factory=Clock)
    total_mb: int = 10_000
    others_mb: int = 400
    tells_processes: bool = True
    asked: list[tuple[str, int]] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)
    held_mb: dict[str, int] = field(default_factory=dict)
    dies: bool = False
    error: TritonError | None = None
    on_load: Callable[[str], None] = lambda name: None

    def index(self) -> dict[str, str]:
        self._be_up()
        return {name: self.states.get(name, "UNAVAILABLE") for name in self.models}

    def load(self, name: str) -> None:
        self._be_up()
        self.on_load(name)
        if self.dies:
            self.error = TritonUnavailable("Triton cannot be reached.")
        self._be_up()
        model = self.models[name]
        if model.load_error is not None:
            raise model.load_error
        self.clock.sleep(model.load_s)
        self.states[name], self.held_mb[name] = "READY", model.holds_mb

    def unload(self, name: str) -> None:
        self._be_up()
        if name in self.held_mb:
            self.clock.sleep(self.models[name].unload_s)
            self.held_mb[name] = self.models[name].keeps_mb
        self.states[name] = "UNAVAILABLE: unloaded"

    def describe(self, name: str) -> ModelDescription:
        model = self.models[name]
        told = {"weights": model.weights} if model.weights else {}
        return ModelDescription("1", told, model.max_batch_size)

    def infer(
        self, name: str, tensors: Tensors, outputs: Sequence[str], *, timeout_s: float
    ) -> dict[str, NDArray[Any]]:
        self._be_up()
        model = self.models[name]
        (batch,) = {len(values) for values in tensors.values()}
        self.asked.append((name, batch))
        if model.infer_error is not None and batch >= model.fails_at_batch:
            raise model.infer_error
        self.held_mb[name] = max(self.held_mb[name], model.holds_mb + batch * model.grows_mb)
        return {output: np.zeros((batch, 1)) for output in outputs}

    def memory_of(self, name: str) -> int | None:
        return self.held_mb.get(name, 0) * MB if self.tells_processes else None

    def total_bytes(self) -> int | None:
        return self.total_mb * MB

    def free_bytes(self) -> int | None:
        return (self.total_mb - self.others_mb - sum(self.held_mb.values())) * MB

    def _be_up(self) -> None:
        if self.error is not None:
            raise self.error


def probe_of(triton: FakeTriton, source: Source = Source.NVML) -> Probe:
    return Probe(source, triton)


def triton_of(**models: Behaviour) -> FakeTriton:
    """By names of the catalogue with _ in place of -."""
    return FakeTriton({name.replace("_", "-"): one for name, one in models.items()})
