"""What a server says about a model."""

import json
import math
from typing import Any

import numpy as np

from backend.errors import TritonFailed
from backend.triton import translation
from backend.triton.connection import Answer, Connection, NotHttp
from backend.triton.wire import NUMPY_TYPES, UNREADABLE


def read_config(connection: Connection, model: str, *, deadline_s: float) -> dict[str, Any]:
    """The configuration that the server loaded the model with, as in `config.pbtxt`.

    Raises:
        TritonError: the server has no such model ready.
        OSError, NotHttp: see Connection.
    """
    answer = connection.get(f"/v2/models/{model}/config", deadline_s=deadline_s)
    if answer.status != 200:
        raise translation.from_answer(answer.status, error_text(answer))
    try:
        config: dict[str, Any] = json.loads(answer.body)
    except UNREADABLE as error:
        raise NotHttp("a configuration that is not JSON") from error
    return config


def batch_limits(config: dict[str, Any], input_name: str) -> tuple[int, int]:
    """How many frames the model takes at once, and the bytes of one.

    Raises:
        TritonFailed: the configuration has no such input of a fixed size.
    """
    try:
        (tensor,) = (tensor for tensor in config["input"] if tensor["name"] == input_name)
        dims = [int(size) for size in tensor["dims"]]
        dtype = np.dtype(NUMPY_TYPES[tensor["data_type"].removeprefix("TYPE_")])
        most = max(1, int(config.get("max_batch_size", 1)))
    except UNREADABLE as error:
        raise TritonFailed(f"The model's configuration has no input {input_name!r}.") from error
    if min(dims, default=0) < 1:
        raise TritonFailed(f"The model's input {input_name!r} has no fixed size.")
    return most, math.prod(dims) * dtype.itemsize


def error_text(answer: Answer) -> str:
    """Triton's own words; where there are none, what there is instead."""
    try:
        return str(json.loads(answer.body)["error"])
    except UNREADABLE:
        return answer.body[:200].decode(errors="replace")
