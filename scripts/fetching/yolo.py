"""YOLO checkpoints: pickled objects of the package ultralytics, which this project does not use."""

import importlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from backend.enrichment.model_spec import ModelSpec, TaskName
from scripts.fetching.errors import NotFetchable, WrongNetwork

# What a checkpoint may be built of besides layers.
_PLAIN = {"ultralytics.utils.IterableSimpleNamespace"}


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
    """Only layers are made, by their classes; nothing else that the file names is called."""
    try:
        named = torch.serialization.get_unsafe_globals_in_checkpoint(file)
        with torch.serialization.safe_globals([_layer(name, file) for name in named]):
            content = torch.load(file, map_location="cpu", weights_only=True)
    except (RuntimeError, ValueError, EOFError, OSError, AttributeError) as error:
        reason = str(error).splitlines()[0]
        raise WrongNetwork(f"{file.name} cannot be read ({reason}).") from error
    if not isinstance(content, dict):
        raise WrongNetwork(f"{file.name} holds no network.")
    return content


def _layer(name: str, file: Path) -> type:
    """The class of that name.

    Raises:
        WrongNetwork: it is no layer of PyTorch's or of the package's.
    """
    module, _, attribute = name.rpartition(".")
    if name.startswith(("torch.nn.modules.", "ultralytics.")):
        try:
            found = getattr(importlib.import_module(module), attribute, None)
        except ImportError:
            found = None
        if isinstance(found, type) and (issubclass(found, nn.Module) or name in _PLAIN):
            return found
    raise WrongNetwork(f"{file.name} names {name}, which is no layer that is known here.")
