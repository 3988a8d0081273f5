"""One model: loaded, asked, unloaded, and its memory read after each."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.tasks.options import Options
from backend.enrichment.tasks.pictures import Tensors
from backend.enrichment.tasks.registry import TASKS
from backend.enrichment.zoo.control import Clock, Control
from backend.enrichment.zoo.server import Loaded, ModelServer, Unknown, in_memory
from backend.enrichment.zoo.states import Policy
from backend.errors import TritonError
from backend.triton.grpc_server import ModelDescription
from scripts._stack import undisturbed
from scripts.vram.probe import MemorySince, Probe
from scripts.vram.result import BenchmarkResult
from scripts.vram.troubles import Trouble, shortened, trouble_of

# Nothing is admitted here; the limits on time are the zoo's.
POLICY = Policy(budget_bytes=0)
_INFER_TIMEOUT_S = 120.0
_PICTURE = (480, 640, 3)

# Called with what begins.
Step = Callable[[str], None]


class Triton(Control, Protocol):
    """See backend.triton.grpc_server.TritonServer."""

    def describe(self, name: str) -> ModelDescription: ...

    def infer(
        self, name: str, tensors: Tensors, outputs: Sequence[str], *, timeout_s: float
    ) -> dict[str, NDArray[Any]]: ...


def measure(
    spec: ModelSpec,
    triton: Triton,
    probe: Probe,
    *,
    weights: str | None,
    requests: int,
    clock: Clock,
    step: Step,
) -> BenchmarkResult:
    """Never raises what Triton says: it is in the result, with what was measured before.

    Args:
        weights: what is known of them before the model itself says it.
        requests: inferences before the memory is read, at each size of batch.
    """
    memory = MemorySince(probe)
    server = ModelServer(triton, memory, clock, POLICY)
    result = BenchmarkResult(
        spec.name, spec.category.value, spec.memory_estimate_bytes, memory.baseline_bytes, weights
    )
    try:
        state = triton.index().get(spec.name)
    except TritonError as error:
        return _failed(result, str(error))
    if state is None:
        return _failed(result, "no repository of this Triton has it.", Trouble.MISSING)
    if in_memory(state):
        return _failed(result, "another has loaded it, and may be using it.", Trouble.LOADED)
    try:
        result = _resident(result, spec, triton, server, memory, requests, step)
        step("unloading")
        return _released(result, server)
    except BaseException:
        with undisturbed():  # it is not left behind in a Triton that goes on
            server.unload(spec.name)
        raise


def batch_of(spec: ModelSpec, size: int) -> Tensors:
    """What the model is sent for that many pictures at once, of noise."""
    pixels = np.random.default_rng(0).integers(0, 256, _PICTURE, np.uint8)
    tensors, _ = TASKS[spec.task].preprocess(pixels, spec, Options())
    return {name: np.repeat(values, size, axis=0) for name, values in tensors.items()}


def _resident(
    result: BenchmarkResult,
    spec: ModelSpec,
    triton: Triton,
    server: ModelServer,
    memory: MemorySince,
    requests: int,
    step: Step,
) -> BenchmarkResult:
    """With everything that is measured while the model is loaded."""
    step("loading")
    loaded = server.load(spec.name)
    if not isinstance(loaded, Loaded):
        return _failed(result, loaded.reason)
    result = replace(result, load_s=loaded.load_s, loaded_bytes=loaded.memory_bytes)
    outputs = [output.name for output in spec.outputs]

    def held_after(batch: int) -> int | None:
        step(f"batch {batch}")
        tensors = batch_of(spec, batch)
        for _ in range(requests):
            triton.infer(spec.name, tensors, outputs, timeout_s=_INFER_TIMEOUT_S)
        return memory.memory_of(spec.name)

    try:
        described = triton.describe(spec.name)
        largest = max(1, described.max_batch_size)
        weights = described.parameters.get("weights", result.weights)
        result = replace(result, weights=weights, largest_batch=largest)
        result = replace(result, batch_1_bytes=held_after(1))
        most_bytes = held_after(largest) if largest > 1 else result.batch_1_bytes
        result = replace(result, largest_batch_bytes=most_bytes)
    except TritonError as error:
        result = _failed(result, str(error))
    return replace(result, by_difference=memory.by_difference)


def _released(result: BenchmarkResult, server: ModelServer) -> BenchmarkResult:
    """Unloaded, and with what did not come back."""
    unloaded = server.unload(result.name)
    if isinstance(unloaded, Unknown):
        return result if result.error else _failed(result, unloaded.reason)
    left_bytes = server.left_after(result.name)
    if result.load_s is None:  # what failed to load was not unloaded either
        return replace(result, left_bytes=left_bytes)
    result = replace(result, unload_s=unloaded, left_bytes=left_bytes)
    if result.error:
        return result
    if left_bytes:
        return replace(result, trouble=Trouble.KEPT)
    if result.estimated_bytes and not result.actual_bytes:
        return replace(result, trouble=Trouble.NOTHING_SEEN)
    return result


def _failed(
    result: BenchmarkResult, reason: str, trouble: Trouble | None = None
) -> BenchmarkResult:
    trouble = trouble or trouble_of(reason)
    return replace(result, error=shortened(trouble, reason), trouble=trouble)
