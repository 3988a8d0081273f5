"""The tensors of the network: read from the checkpoint, or drawn."""

import io
import math
import pickle
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from scripts.efficient_fiqa.errors import WrongTensors
from scripts.efficient_fiqa.network import EfficientFiqa

_SHOWN = 3


def read_checkpoint(data: bytes) -> dict[str, Tensor]:
    """The tensors of a checkpoint file, which is not allowed to run code.

    Raises:
        WrongTensors: it cannot be read, or holds anything but this network's tensors.
    """
    try:
        loaded = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, ValueError, EOFError, KeyError) as error:
        raise WrongTensors(
            f"The checkpoint cannot be read as tensors alone ({_first_line(error)}). "
            "Fetch it again; never load it in another way."
        ) from error
    if not isinstance(loaded, Mapping):
        raise WrongTensors(f"The checkpoint holds a {type(loaded).__name__}, not named tensors.")
    return check_tensors(loaded)


def check_tensors(found: Mapping[str, object]) -> dict[str, Tensor]:
    """Exactly the names, shapes and types of the network, and finite numbers alone.

    Raises:
        WrongTensors: says which differ.
    """
    wanted = EfficientFiqa().state_dict()
    if found.keys() != wanted.keys():
        missing, unknown = wanted.keys() - found.keys(), found.keys() - wanted.keys()
        raise WrongTensors(
            f"These are not the {len(wanted)} tensors of Efficient-FIQA: "
            f"{len(missing)} are missing{_named(missing)} and {len(unknown)} are unknown"
            f"{_named(unknown)}. Give the checkpoint of EdgeNeXt-XX-Small."
        )
    checked: dict[str, Tensor] = {}
    for name, like in wanted.items():
        tensor = found[name]
        if not isinstance(tensor, Tensor) or tensor.dtype != torch.float32:
            kind = tensor.dtype if isinstance(tensor, Tensor) else type(tensor).__name__
            raise WrongTensors(f"The tensor {name} is {kind}; it must be torch.float32.")
        if tensor.shape != like.shape:
            raise WrongTensors(
                f"The tensor {name} has the shape {list(tensor.shape)}; "
                f"it must be {list(like.shape)}."
            )
        if not tensor.isfinite().all():
            raise WrongTensors(f"The tensor {name} holds numbers that are not finite.")
        checked[name] = tensor
    return checked


def random_weights(seed: int) -> dict[str, Tensor]:
    """Tensors that prove the plumbing and never quality.

    Drawn in the order of their names from NumPy's PCG64: matrices and kernels normal with variance
    1 / inputs, biases normal with deviation 0.1, scales (of norms, branches and attention) the
    same around 1. Unlike at the start of a training no branch is near zero, so that a block that
    computes wrongly shows in the score.
    """
    rng = np.random.default_rng(seed)
    drawn = {}
    for name, like in sorted(EfficientFiqa().state_dict().items()):
        normal = rng.standard_normal(tuple(like.shape))
        if name.endswith("bias"):
            values = 0.1 * normal
        elif like.ndim == 1 or name.endswith("temperature"):
            values = 1 + 0.1 * normal
        else:
            values = normal / math.sqrt(math.prod(like.shape[1:]))
        drawn[name] = torch.from_numpy(values.astype(np.float32))
    return drawn


def network(weights: Mapping[str, Tensor], precision: torch.dtype = torch.float32) -> EfficientFiqa:
    made = EfficientFiqa(precision)
    made.load_state_dict(weights)
    return made


def _named(names: set[str]) -> str:
    shown = ", ".join(sorted(names)[:_SHOWN])
    more = ", …" if len(names) > _SHOWN else ""
    return f" ({shown}{more})" if names else ""


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
