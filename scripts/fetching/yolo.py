"""YOLO checkpoints: pickled objects of the package ultralytics, which this project does not use."""

import importlib
import pickle
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from backend.enrichment.model_spec import ModelSpec, TaskName
from scripts.fetching.errors import NotFetchable, WrongNetwork

# What a checkpoint may be built of besides layers.
_PLAIN = {"ultralytics.utils.IterableSimpleNamespace"}
# How well it did, in NumPy's words of either release.
_NUMBERS: Mapping[str, object] = {
    "numpy.core.multiarray.scalar": np.float64(0).__reduce__()[0],
    "numpy._core.multiarray.scalar": np.float64(0).__reduce__()[0],
    "numpy.dtype": np.dtype,
}
_DAMAGED = (pickle.UnpicklingError, RuntimeError, ValueError, EOFError, OSError)


class YoloNetwork(nn.Module):
    """Pixels of 0 to 1 in; the head, and where there are any the masks' prototypes, out."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, pixels: Tensor) -> Tensor | tuple[Tensor, ...]:
        answer: Tensor | tuple[Tensor, ...] = self.inner(pixels)
        return answer


def load(file: Path, spec: ModelSpec) -> tuple[nn.Module, Mapping[int, str] | None]:
    """The network and its classes; of a pose model's, whose one class is a person, none.

    Raises:
        NotFetchable: the package is not there.
        WrongNetwork: it is no such checkpoint, or would run code.
    """
    check_installed()
    checkpoint = _unpickled(file)
    held = checkpoint.get("ema") or checkpoint.get("model")
    if not isinstance(held, nn.Module):
        raise WrongNetwork(f"{file.name} holds no network.")
    inner = held.float().eval()
    names = {int(index): str(name) for index, name in dict(inner.names).items()}
    head = inner.model[-1]
    head.export, head.format, head.dynamic = True, "onnx", False
    return YoloNetwork(inner.fuse()), None if spec.task is TaskName.POSE else names


def check_installed() -> None:
    """
    Raises:
        NotFetchable: says what to install, and its licence.
    """
    if find_spec("ultralytics") is None:
        raise NotFetchable(
            "Its checkpoint is made of objects of the package ultralytics, which is under AGPL-3.0 "
            "and no part of this project: where that licence suits you, install it with "
            "`.venv-torch/bin/python -m pip install ultralytics`, or give an ONNX export with "
            "--file."
        )


def _unpickled(file: Path) -> dict[str, Any]:
    """Only layers and numbers are made; nothing else that the file names is called."""
    try:
        named = torch.serialization.get_unsafe_globals_in_checkpoint(file)
        allowed = [(_allowed(name, file), name) for name in named]
        with torch.serialization.safe_globals([*allowed, np.dtypes.Float64DType]):
            content = torch.load(file, map_location="cpu", weights_only=True)
    except (*_DAMAGED, AttributeError) as error:
        reason = str(error).splitlines()[0]
        raise WrongNetwork(f"{file.name} cannot be read ({reason}).") from error
    if not isinstance(content, dict):
        raise WrongNetwork(f"{file.name} holds no network.")
    return content


def _allowed(name: str, file: Path) -> object:
    """What the file means by that name.

    Raises:
        WrongNetwork: it is no layer of PyTorch's or of the package's, and no number.
    """
    if name in _NUMBERS:
        return _NUMBERS[name]
    module, _, attribute = name.rpartition(".")
    if name.startswith(("torch.nn.modules.", "ultralytics.")):
        try:
            found = getattr(importlib.import_module(module), attribute, None)
        except ImportError:
            found = None
        if isinstance(found, type) and (issubclass(found, nn.Module) or name in _PLAIN):
            return found
    raise WrongNetwork(f"{file.name} names {name}, which is no layer that is known here.")
