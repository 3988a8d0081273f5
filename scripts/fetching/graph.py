"""A network as an ONNX file: exported, compared with the network, and described."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from backend.enrichment.model_spec import ModelSpec, Tensor
from scripts.fetching.agreement import Port
from scripts.fetching.errors import WrongAnswers, WrongNetwork

OPSET = 17
# Read by ONNX Runtime 1.19, that of Triton 24.10.
IR_VERSION = 8
# Batches of one and of several: an axis that was fixed by mistake shows in the second.
BATCH_SIZES = (1, 3)
# As a part of how far the network's own answers are from each other.
MOST_DIFFERENCE_RATIO = 1e-3
_SEED = 20
# ONNX Runtime's level that leaves out its hints on speed.
_ERRORS = 3
_TYPES = {"float32": "FP32", "uint8": "UINT8", "int64": "INT64", "string": "BYTES"}

Arrays = tuple[NDArray[np.generic], ...]


@dataclass(frozen=True)
class Comparison:
    """How far an ONNX file's answers are from those it is held against.

    Attributes:
        difference_ratio: the largest difference, as a part of the answers' spread.
    """

    against: str
    batch_sizes: tuple[int, ...]
    difference_ratio: float


def export(
    module: nn.Module,
    path: Path,
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    example: Arrays,
) -> None:
    """Write the module with the names of the row, and as many in a batch as are given."""
    module.eval()
    # Also lengths that are not known before a request.
    axes = {
        tensor.name: {0: "batch"}
        | {1 + i: f"{tensor.name}_{i}" for i, length in enumerate(tensor.dims) if length == -1}
        for tensor in (*inputs, *outputs)
    }
    try:
        with warnings.catch_warnings():
            # The exporter by tracing: of a network that is fixed but for its batch, what it warns
            # of does not vary, and the comparison would show it.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                module,
                tuple(torch.from_numpy(array) for array in example),
                str(path),
                input_names=[tensor.name for tensor in inputs],
                output_names=[tensor.name for tensor in outputs],
                dynamic_axes=axes,
                opset_version=OPSET,
                dynamo=False,
            )
    except (RuntimeError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise WrongNetwork(f"The network cannot be written as ONNX ({reason}).") from error
    model = onnx.load(str(path))
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def pictures(spec: ModelSpec, count: int) -> NDArray[np.float32]:
    """Seeded noise in the shape of the row's picture, as the network sees pictures."""
    shape = (count, *spec.input.tensor.dims)
    return np.random.default_rng(_SEED + count).standard_normal(shape).astype(np.float32)


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def ports(opened: onnxruntime.InferenceSession) -> tuple[list[Port], list[Port]]:
    """The graph's inputs and outputs."""

    def described(port: onnxruntime.NodeArg) -> Port:
        kind = port.type.removeprefix("tensor(").removesuffix(")").replace("float", "float32")
        lengths = tuple(length if isinstance(length, int) else None for length in port.shape)
        return Port(port.name, _TYPES.get(kind, kind), lengths)

    return [described(one) for one in opened.get_inputs()], [
        described(one) for one in opened.get_outputs()
    ]


def answers(opened: onnxruntime.InferenceSession, arrays: Arrays) -> list[NDArray[np.float32]]:
    named = {port.name: array for port, array in zip(opened.get_inputs(), arrays, strict=True)}
    got: list[NDArray[np.float32]] = opened.run(None, named)
    return got


def compare_with(
    module: nn.Module, opened: onnxruntime.InferenceSession, batches: Sequence[Arrays]
) -> Comparison:
    """Hold the ONNX file against the network that it was exported from.

    Raises:
        WrongAnswers: they differ.
    """
    module.eval()
    worst = 0.0
    for arrays in batches:
        with torch.inference_mode():
            given = module(*(torch.from_numpy(array) for array in arrays))
        expected = [one.numpy() for one in (given if isinstance(given, tuple) else (given,))]
        worst = max(worst, *map(difference_ratio, answers(opened, arrays), expected))
    return _held("PyTorch", worst, batches)


def compare_alone(opened: onnxruntime.InferenceSession, batch: Arrays) -> Comparison:
    """Hold the ONNX file against itself: a batch answers what its pictures answer one by one.

    Raises:
        WrongAnswers: it does not.
    """
    together = answers(opened, batch)
    count = len(batch[0])
    singles = [answers(opened, tuple(one[i : i + 1] for one in batch)) for i in range(count)]
    expected = [np.concatenate(parts) for parts in zip(*singles, strict=True)]
    return _held(
        "itself, picture by picture", max(map(difference_ratio, together, expected)), [batch]
    )


def difference_ratio(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """The largest difference as a part of the expected values' spread; infinite if none fits."""
    if found.shape != expected.shape or not np.isfinite(expected).all():
        return float("inf")
    difference = float(np.nan_to_num(np.abs(found - expected), nan=np.inf).max())
    spread = float(expected.max() - expected.min())
    return difference / spread if spread > 0 else float("inf")


def _held(against: str, worst: float, batches: Sequence[Arrays]) -> Comparison:
    if worst > MOST_DIFFERENCE_RATIO:
        raise WrongAnswers(
            f"The ONNX file's answers differ from those of {against} by {worst:.1e} of their "
            f"spread; at most {MOST_DIFFERENCE_RATIO:.0e} is allowed. Install the versions of "
            "requirements/torch.txt."
        )
    return Comparison(against, tuple(len(arrays[0]) for arrays in batches), worst)
