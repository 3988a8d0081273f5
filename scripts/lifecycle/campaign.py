"""Every model in every way of isolation, one after the other."""

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scripts.lifecycle.benchmark import ModelLifecycleBenchmark
from scripts.lifecycle.errors import LifecycleError, UsageError
from scripts.lifecycle.in_triton import InTriton
from scripts.lifecycle.kinds import ARCHITECTURES, Kind, ModelConfig
from scripts.lifecycle.metrics import Isolation, Lifecycle, LoadMetrics, UnloadMetrics
from scripts.lifecycle.served import ModelServer
from scripts.lifecycle.ways import InProcess, InSubprocess, Way
from scripts.lifecycle.worker import MAKING, Worker

Say = Callable[[str], None]
Open = Callable[[ModelConfig], Way]


@dataclass(frozen=True)
class Plan:
    """
    Attributes:
        folders: of real models; a kind that is not in it gets random weights.
        device: of PyTorch: "cpu" or "cuda"; None for a GPU where there is one.
    """

    kinds: Sequence[Kind]
    isolations: Sequence[Isolation]
    cycles: int
    folders: Mapping[Kind, Path] = field(default_factory=dict)
    device: str | None = None


@dataclass
class Findings:
    """What was measured so far.

    Attributes:
        gpu: the name of the GPU that PyTorch used; None where it used none.
    """

    gpu: str | None = None
    lifecycles: list[Lifecycle] = field(default_factory=list)


class Progress:
    """How far it is, on any clock."""

    def __init__(self, cycles: int, say: Say, *, clock: Callable[[], float] = time.monotonic):
        self._cycles = cycles
        self._say = say
        self._clock = clock
        self._began_s = clock()
        self._done = 0

    def cycle(
        self, model: ModelConfig, isolation: Isolation, load: LoadMetrics, unload: UnloadMetrics
    ) -> None:
        self._done += 1
        left_s = (self._clock() - self._began_s) / self._done * (self._cycles - self._done)
        self._say(
            f"[{self._done}/{self._cycles}] {model.kind}, {isolation}, cycle {load.cycle}: "
            f"loaded in {_shown(load.load_time_ms, 'ms')}, "
            f"{_shown(load.memory_increase_mb, 'MB')}, "
            f"first inference {_shown(load.first_inference_ms, 'ms')}; "
            f"unloaded in {_shown(unload.unload_time_ms, 'ms')}, "
            f"{_shown(unload.reclamation_percentage, '%')} back; about {left_s:.0f} s left"
        )

    def failed(self, lifecycle: Lifecycle, cycles: int) -> None:
        """The cycles that will not come any more count as done."""
        self._done += cycles - sum(unload.error is None for unload in lifecycle.unloads)
        self._say(f"{lifecycle.kind}, {lifecycle.isolation}: {lifecycle.error}")


def run(plan: Plan, scratch: Path, findings: Findings, say: Say) -> None:
    """Measure it all, into `findings`; what fails is in there as an error.

    Raises:
        LifecycleError: a model could not be made.
    """
    say("Starting PyTorch.")
    maker = Worker()
    try:
        device, findings.gpu = _device(plan.device, maker)
        say(f"GPU: {findings.gpu or 'none'}")
        models = [_model(kind, plan, scratch, maker, say) for kind in plan.kinds]
        progress = Progress(len(models) * len(plan.isolations) * plan.cycles, say)
        for isolation in plan.isolations:
            try:
                with _opening(isolation, device, maker, scratch) as opened:
                    for model in models:
                        findings.lifecycles.append(
                            measure(model, isolation, opened, plan.cycles, progress)
                        )
            except LifecycleError as error:  # there is no server
                for model in models:
                    findings.lifecycles.append(_failed(model, isolation, error))
                    progress.failed(findings.lifecycles[-1], plan.cycles)
    finally:
        maker.end()


def _device(wanted: str | None, maker: Worker) -> tuple[str, str | None]:
    gpu = maker.ask("call", module=MAKING, function="device")["gpu"]
    if wanted == "cuda" and gpu is None:
        raise UsageError("PyTorch sees no GPU: leave --device out, or say --device cpu.")
    return ("cpu", None) if wanted == "cpu" or gpu is None else ("cuda", gpu)


def _model(kind: Kind, plan: Plan, scratch: Path, maker: Worker, say: Say) -> ModelConfig:
    if (given := plan.folders.get(kind)) is not None:
        return ModelConfig(kind, given.name, given, random_weights=False)
    like = ARCHITECTURES[kind].like
    say(f"Making a network of the kind {kind}, as {like}, with random weights.")
    folder = scratch / "networks" / kind
    maker.ask("call", module=MAKING, function="prepare", kind=kind, folder=str(folder))
    return ModelConfig(kind, like, folder, random_weights=True)


@contextlib.contextmanager
def _opening(isolation: Isolation, device: str, maker: Worker, scratch: Path) -> Iterator[Open]:
    match isolation:
        case Isolation.PROCESS:
            yield lambda model: InProcess(model, device)
        case Isolation.SUBPROCESS:
            yield lambda model: InSubprocess(model, device)
        case Isolation.TRITON:
            with ModelServer(scratch / "triton") as server:
                yield lambda model: InTriton(server, model, maker)


def measure(
    model: ModelConfig, isolation: Isolation, opened: Open, cycles: int, progress: Progress
) -> Lifecycle:
    """One model in one way; what fails is in there as an error."""
    try:
        way = opened(model)
    except LifecycleError as error:
        lifecycle = _failed(model, isolation, error)
    else:
        with contextlib.closing(way):
            benchmark = ModelLifecycleBenchmark(model, way)
            lifecycle = benchmark.benchmark_repeated_cycles(
                cycles, functools.partial(progress.cycle, model, isolation)
            )
    if lifecycle.error is not None:
        progress.failed(lifecycle, cycles)
    return lifecycle


def _failed(model: ModelConfig, isolation: Isolation, error: LifecycleError) -> Lifecycle:
    loads = (LoadMetrics(1, error=str(error)),)
    return Lifecycle(model.kind, model.name, isolation, model.random_weights, loads, ())


def _shown(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:,.0f} {unit}"
