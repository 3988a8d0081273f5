"""Inference requests and answers of the v2 protocol, tensors in binary.

Source: Open Inference Protocol v2, with Triton's extensions for binary data and shared memory.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.errors import TritonFailed
from backend.triton.connection import Answer

HEADER_LENGTH = "inference-header-content-length"
NUMPY_TYPES: dict[str, type[np.generic]] = {
    "BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32,
    "UINT64": np.uint64, "INT8": np.int8, "INT16": np.int16, "INT32": np.int32,
    "INT64": np.int64, "FP16": np.float16, "FP32": np.float32, "FP64": np.float64,
}  # fmt: skip
# What reading a document can end in that is not what the protocol says.
UNREADABLE = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError,
)  # fmt: skip
_DATATYPES = {np.dtype(kind): name for name, kind in NUMPY_TYPES.items()}


@dataclass(frozen=True)
class Inference:
    """Outputs by name, and the version of the model that made them."""

    outputs: dict[str, NDArray[Any]]
    model_version: str


def request(
    name: str,
    shape: Sequence[int],
    dtype: np.dtype[Any],
    outputs: Sequence[str],
    *,
    timeout_us: int,
    region: str | None = None,
) -> bytes:
    """The JSON of a request with one input.

    Args:
        name: of the input.
        shape: with the batch axis.
        timeout_us: how long it may wait in Triton's queue, where the model's policy allows.
        region: the shared memory that holds the input; None where its bytes follow.
    """
    size_bytes = math.prod(shape) * dtype.itemsize
    where: dict[str, str | int] = {"binary_data_size": size_bytes}
    if region is not None:
        where = {"shared_memory_region": region, "shared_memory_byte_size": size_bytes}
    document = {
        "inputs": [
            {"name": name, "shape": shape, "datatype": _DATATYPES[dtype], "parameters": where}
        ],
        "outputs": [{"name": output, "parameters": {"binary_data": True}} for output in outputs],
        "parameters": {"timeout": timeout_us},
    }
    return json.dumps(document, separators=(",", ":")).encode()


def read(answer: Answer, wanted: Sequence[str]) -> Inference:
    """Read an answer of status 200.

    Raises:
        TritonFailed: it is none, contradicts itself, or lacks an output.
    """
    try:
        inference = _read(answer)
    except UNREADABLE as error:
        raise TritonFailed("The model's answer contradicts itself.") from error
    missing = [name for name in wanted if name not in inference.outputs]
    if missing:
        raise TritonFailed(f"The model's answer lacks {missing}.")
    return inference


def _read(answer: Answer) -> Inference:
    start = int(answer.headers.get(HEADER_LENGTH, len(answer.body)))
    document = json.loads(answer.body[:start])
    outputs = {}
    for tensor in document["outputs"]:
        dtype = np.dtype(NUMPY_TYPES[tensor["datatype"]])
        size = tensor.get("parameters", {}).get("binary_data_size")
        if size is None:
            array = np.array(tensor["data"], dtype)
        else:
            data = answer.body[start : start + size]
            if len(data) != size:
                raise ValueError("the body ends before its tensors")
            array = np.frombuffer(data, dtype)
            start += size
        outputs[tensor["name"]] = array.reshape(tensor["shape"])
    return Inference(outputs, str(document.get("model_version", "")))
