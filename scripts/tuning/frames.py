"""Requests of the v2 protocol, ready to send: real pictures where an input takes pictures."""

import io
import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from loadtest._load._payloads import make_payloads
from scripts.tuning.points import TuningError

COUNT = 24
DTYPES: dict[str, type[np.generic]] = {
    "BOOL": np.bool_,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
}


@dataclass(frozen=True)
class Input:
    """One input of the model; `dims` are without the batch."""

    name: str
    datatype: str
    dims: tuple[int, ...]


def read_inputs(metadata: dict[str, Any]) -> list[Input]:
    """The inputs in Triton's metadata of a model that takes batches.

    Raises:
        TuningError: one has a type or a shape that no frames can be made for.
    """
    inputs = [
        Input(one["name"], one["datatype"], tuple(map(int, one["shape"][1:])))
        for one in metadata["inputs"]
    ]
    for one in inputs:
        if one.datatype not in DTYPES:
            raise TuningError(f"No frames can be made for {one.name}, which takes {one.datatype}.")
        if any(size < 1 for size in one.dims):
            raise TuningError(f"No frames can be made for {one.name}, whose size varies.")
    return inputs


class Requests:
    """Requests of one up to `largest` frames, without a copy of the pixels for each."""

    def __init__(self, model: str, inputs: list[Input], *, largest: int) -> None:
        self._model = model
        self._inputs = inputs
        # A request may begin at any of the COUNT frames and go on past the last.
        indexes = np.arange(COUNT + largest) % COUNT
        self._tensors = [
            _frames(one)[indexes].reshape(indexes.size, -1).view(np.uint8) for one in inputs
        ]
        self._heads = [b"", *(self._head(frames) for frames in range(1, largest + 1))]

    def parts(self, first: int, frames: int) -> list[bytes | memoryview]:
        """A request for `frames` frames from the `first` on: head, then each input's bytes."""
        begin = first % COUNT
        return [
            self._heads[frames],
            *(tensor[begin : begin + frames].data for tensor in self._tensors),
        ]

    def _head(self, frames: int) -> bytes:
        sizes = [frames * tensor[0].nbytes for tensor in self._tensors]
        inputs = [
            {
                "name": one.name,
                "shape": [frames, *one.dims],
                "datatype": one.datatype,
                "parameters": {"binary_data_size": size},
            }
            for one, size in zip(self._inputs, sizes, strict=True)
        ]
        body = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
        return (
            f"POST /v2/models/{self._model}/infer HTTP/1.1\r\n"
            "Host: triton\r\n"
            "Content-Type: application/octet-stream\r\n"
            f"Inference-Header-Content-Length: {len(body)}\r\n"
            f"Content-Length: {len(body) + sum(sizes)}\r\n\r\n"
        ).encode() + body


def _frames(one: Input) -> NDArray[Any]:
    """COUNT frames, the same at every call: shape (COUNT, *dims)."""
    dtype = DTYPES[one.datatype]
    floating = np.issubdtype(dtype, np.floating)
    if len(one.dims) == 3 and 3 in (one.dims[0], one.dims[2]) and (floating or dtype is np.uint8):
        pixels = _pictures(one.dims)
        return np.ascontiguousarray((pixels / 255).astype(dtype) if floating else pixels)
    draw = np.random.default_rng(0)
    values = draw.random((COUNT, *one.dims))
    # Small whole numbers: they may be indexes into something.
    return (values if floating else values.round()).astype(dtype)


def _pictures(dims: tuple[int, ...]) -> NDArray[np.uint8]:
    channels_last = dims[2] == 3
    height, width = dims[:2] if channels_last else dims[1:]
    pictures = [
        Image.open(io.BytesIO(payload)).convert("RGB").resize((width, height))
        for payload in make_payloads(0, count=COUNT)
    ]
    pixels = np.stack([np.asarray(picture) for picture in pictures])
    assert pixels.size == COUNT * math.prod(dims)
    return pixels if channels_last else pixels.transpose(0, 3, 1, 2)
