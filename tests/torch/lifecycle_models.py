"""Small networks of each kind in folders, and modules that open them badly on purpose."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers

from scripts.lifecycle import networks
from scripts.lifecycle.kinds import ARCHITECTURES, Kind, ModelConfig

SLOW_S = 2.2
_SMALL: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
_SIGHT = _SMALL | {"intermediate_size": 64, "patch_size": 8}
_TOLD: dict[Kind, dict[str, Any]] = {
    Kind.EMBEDDING: _SMALL | {"intermediate_size": 64, "vocab_size": 99},
    Kind.TEXT_GENERATION: {"n_layer": 2, "n_embd": 32, "n_head": 2, "vocab_size": 99},
    Kind.VISION: _SIGHT | {"image_size": 32, "num_labels": 5},
    Kind.DETECTION: _SIGHT | {"image_size": [32, 48], "num_detection_tokens": 5, "num_labels": 4},
}
_kept: list[Callable[[], None]] = []


def tiny(kind: Kind, folder: Path, **changed: int) -> ModelConfig:
    """A network of that kind as save_pretrained writes it."""
    how = ARCHITECTURES[kind]
    config = getattr(transformers, how.config)(**(_TOLD[kind] | changed))
    torch.manual_seed(3)
    getattr(transformers, how.network)(config).save_pretrained(folder)
    return ModelConfig(kind, folder.name, folder, random_weights=False)


def load(kind: str, folder: Path, device: str) -> Callable[[], None]:
    """Opens a network as it should, and too late or for ever: as its folder is named."""
    if folder.name == "slow":
        time.sleep(SLOW_S)  # how slow it is, not a wait for something
    model = networks.load(kind, folder, device)
    if folder.name == "leaking":
        _kept.append(model)
    return model
