"""Models without PyTorch, that behave as their folder says: what a Worker is told to load."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.lifecycle.kinds import Kind, ModelConfig

# Above the largest block that the C library keeps for later.
SIZE_MB = 48
LEAK_MB = 36
SLOW_S = 0.6
_never_freed: list[bytearray] = []


def made(folder: Path, behaviour: str) -> ModelConfig:
    """A model's folder for `load` below."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"behaviour": behaviour}))
    (folder / "model.safetensors").write_bytes(bytes(200_000))
    return ModelConfig(Kind.EMBEDDING, behaviour, folder, random_weights=False)


def load(kind: str, folder: Path, device: str) -> Callable[[], None]:
    told: dict[str, Any] = json.loads((folder / "config.json").read_text())
    match told["behaviour"]:
        case "leaking":
            _never_freed.append(_touched(LEAK_MB))
        case "slow":
            time.sleep(SLOW_S)  # how slow it is, not a wait for something
        case "refusing":
            raise ValueError("no such network\nand a long story")
        case "dying":
            os._exit(3)
        case "hanging":
            time.sleep(3600)
    print("what libraries print must not come between the answers")  # noqa: T201
    held = _touched(SIZE_MB)
    return lambda: held.__setitem__(0, 1)


def _touched(megabytes: int) -> bytearray:
    return bytearray(b"\1") * (megabytes * 2**20)


def echo(text: str) -> dict[str, Any]:
    return {"text": text, "pid": os.getpid()}
