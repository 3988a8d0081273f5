"""Tensors out of a file that is not trusted."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from scripts.fetching.errors import WrongNetwork

# What some save their network in: one of these keys of a dictionary.
_WITHIN = ("state_dict", "model_state_dict", "model")
# What wrappers put before every name.
_BEFORE = ("module.", "model.", "vit.")


def read(path: Path) -> dict[str, Tensor]:
    """Tensors by name, without what wrappers put before the names. No code of the file runs.

    Raises:
        WrongNetwork: it is damaged, or has something else than tensors.
    """
    try:
        if path.suffix == ".safetensors":
            tensors = safetensors.torch.load_file(path)
        else:
            tensors = torch.load(path, map_location="cpu", weights_only=True)
    except (safetensors.SafetensorError, pickle.UnpicklingError, EOFError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise WrongNetwork(f"{path.name} cannot be read as tensors alone ({reason}).") from error
    return _without_prefix(_tensors(tensors, path))


def _tensors(content: object, path: Path) -> dict[str, Tensor]:
    for key in _WITHIN:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not content:
        raise WrongNetwork(f"{path.name} has no tensors.")
    if not all(isinstance(value, Tensor) for value in content.values()):
        raise WrongNetwork(f"{path.name} has more than tensors.")
    return {str(name): value for name, value in content.items()}


def _without_prefix(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    for prefix in _BEFORE:
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
    return tensors
