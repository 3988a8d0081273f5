"""A model's config.pbtxt, from its row of the catalogue."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from backend.enrichment.model_spec import ModelSpec, Tensor

# What the parameter `weights` says of a network that has learnt nothing.
STAND_IN = "stand-in"

Kind = Literal["KIND_CPU", "KIND_GPU"]

# What a model that is loaded on demand may take before its first answer, and then some.
_QUEUE_TIMEOUT_S = 30
_TYPES = {"FP32": "TYPE_FP32", "UINT8": "TYPE_UINT8", "INT64": "TYPE_INT64", "BYTES": "TYPE_STRING"}
_WEIGHTS = re.compile(r'key:\s*"weights",?\s*value:?\s*\{\s*string_value:\s*"([^"]*)"')


def config_text(
    spec: ModelSpec,
    *,
    backend: str,
    max_batch_size: int,
    weights: str,
    kind: Kind,
    parameters: Mapping[str, str] = {},
) -> str:
    """A whole config.pbtxt; the model's name is its folder's.

    Args:
        weights: "stand-in", or "sha256:" and the digest of the weights' file.
        parameters: what the model's code wants to be told besides.
    """
    # The server completes nothing, so everything is said: it would start the model twice.
    told = {"weights": weights, **parameters}
    return (
        f"backend: {_quoted(backend)}\n"
        f"max_batch_size: {max_batch_size}\n"
        f"input [\n{_tensors(spec.inputs)}\n]\n"
        f"output [\n{_tensors(spec.outputs)}\n]\n"
        f"instance_group [ {{ kind: {kind}, count: 1 }} ]\n"
        "dynamic_batching {\n"
        "  # Never wait for company: a lone picture is answered at once.\n"
        "  max_queue_delay_microseconds: 0\n"
        "  default_queue_policy {\n"
        "    timeout_action: REJECT\n"
        f"    default_timeout_microseconds: {_QUEUE_TIMEOUT_S * 1_000_000}\n"
        "    allow_timeout_override: true\n"
        "    max_queue_size: 64\n"
        "  }\n"
        "}\n"
    ) + "".join(
        f"parameters {{ key: {_quoted(key)}, value: {{ string_value: {_quoted(value)} }} }}\n"
        for key, value in told.items()
    )


def weights_of(folder: Path) -> str | None:
    """What a model's folder says its weights are; None where there is no model that says it."""
    try:
        found = _WEIGHTS.search((folder / "config.pbtxt").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    return found[1] if found else None


def _tensors(tensors: tuple[Tensor, ...]) -> str:
    return ",\n".join(
        f"  {{ name: {_quoted(tensor.name)}, data_type: {_TYPES[tensor.data_type]}, "
        f"dims: [ {', '.join(map(str, tensor.dims))} ] }}"
        for tensor in tensors
    )


def _quoted(text: str) -> str:
    """As protobuf's text format writes a string: whatever is not plain ASCII as octal bytes."""
    plain = set(range(0x20, 0x7F)) - set(b'"\\')
    return '"' + "".join(chr(b) if b in plain else f"\\{b:03o}" for b in text.encode()) + '"'
