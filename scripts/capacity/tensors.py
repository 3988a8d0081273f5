"""What a frame weighs as pixels on its way from the gateway to Triton."""

import math
from collections.abc import Sequence
from pathlib import Path

from scripts.tuning.pbtxt import Message, Scalar, parse
from scripts.tuning.points import TuningError
from triton_runtime.models import MEASURING_MODEL

_ITEM_BYTES = {"TYPE_UINT8": 1, "TYPE_FP16": 2, "TYPE_FP32": 4}


def tensor_bytes(models: Sequence[str], repositories: Sequence[Path]) -> float | None:
    """Of the model that scores and, where it names no measures, of the one that measures.

    Args:
        models: name/version/variant, as a run names them.

    Returns:
        None where there is no such model here, or several have scored.
    """
    names = {model.partition("/")[0] for model in models}
    if len(names) != 1:
        return None
    config = _config(names.pop(), repositories)
    if config is None:
        return None
    beside = () if _measures(config) else (_config(MEASURING_MODEL, repositories),)
    asked = (config, *beside)
    sizes = [None if one is None else _input_bytes(one) for one in asked]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def _config(name: str, repositories: Sequence[Path]) -> Message | None:
    for repository in repositories:
        try:
            return parse((repository / name / "config.pbtxt").read_text())
        except (OSError, TuningError):
            continue
    return None


def _measures(config: Message) -> bool:
    return any(
        isinstance(value, Scalar) and value.text.strip("\"'") == "measures"
        for parameter in config.named("parameters")
        for message in parameter.messages
        for key in message.named("key")
        for value in key.values
    )


def _input_bytes(config: Message) -> float | None:
    """Of one picture: dims is without the batch's axis."""
    inputs = [message for field in config.named("input") for message in field.messages]
    if len(inputs) != 1:
        return None
    dims = [int(text) for text in _texts(inputs[0], "dims")]
    kinds = _texts(inputs[0], "data_type")
    if not dims or min(dims) < 1 or len(kinds) != 1 or kinds[0] not in _ITEM_BYTES:
        return None
    return float(math.prod(dims) * _ITEM_BYTES[kinds[0]])


def _texts(message: Message, name: str) -> list[str]:
    fields = message.named(name)
    return [value.text for field in fields for value in field.values if isinstance(value, Scalar)]
