"""Stand-ins for models whose weights are not here: which files, whether to write them, writing."""

import hashlib
import json
import math
from enum import Enum
from pathlib import Path
from typing import Literal, get_args

from backend.enrichment.model_spec import ModelSpec, TaskName, Tensor
from backend.enrichment.tasks.options import MOST_PROMPTS
from scripts.zoo_models.configuration import STAND_IN, Kind, config_text, weights_of
from scripts.zoo_models.places import model_folder

Device = Literal["cpu", "gpu"]

DEVICES: tuple[Device, ...] = get_args(Device)

_CODE = Path(__file__).with_name("standin")
_KINDS: dict[Device, Kind] = {"cpu": "KIND_CPU", "gpu": "KIND_GPU"}
# A batch of larger pictures would take more memory than the smallest models leave for requests.
_SMALL_PICTURE_BYTES = 2**20
# Measured: the interpreter while it answers; and how often a request and its answer are in memory
# at once, in the process and in what it shares with the server, which never gets smaller.
_ANSWERING_BYTES = 6 * 2**20
_COPIES = 3
_PROVENANCE = (
    "A stand-in: a network with seeded random weights that has learnt nothing. It has the inputs, "
    "the outputs and the memory of the model whose place it takes, and its answers mean nothing."
)


class Action(Enum):
    """What there is to do about one model."""

    WRITE = "written"
    RENEW = "renewed"
    NOTHING = "up to date"
    KEEP_REAL = "left alone: the files there are no stand-in's"


def files_of(spec: ModelSpec, device: Device) -> dict[str, bytes]:
    """A stand-in's files by their path in its folder; the same row has always the same."""
    told = {
        "task": spec.task.value,
        "seed": str(int(hashlib.sha256(spec.name.encode()).hexdigest()[:8], 16)),
        "classes": str(_classes(spec)),
        "resident_mb": str(resident_mb(spec)),
    }
    config = config_text(
        spec,
        backend="python",
        max_batch_size=max_batch_size(spec),
        weights=STAND_IN,
        kind=_KINDS[device],
        parameters=told,
    )
    provenance = {"name": spec.name, "weights": STAND_IN, "what": _PROVENANCE}
    return {
        "config.pbtxt": config.encode(),
        "provenance.json": (json.dumps(provenance, indent=2) + "\n").encode(),
        "1/model.py": (_CODE / "model.py").read_bytes(),
        "1/network.py": (_CODE / "network.py").read_bytes(),
    }


def max_batch_size(spec: ModelSpec) -> int:
    return 4 if _bytes(spec.input.tensor) <= _SMALL_PICTURE_BYTES else 1


def resident_mb(spec: ModelSpec) -> int:
    """What the process holds at rest, so that with a full batch it stays within the estimate."""
    request_bytes = sum(map(_bytes, (*spec.inputs, *spec.outputs)))
    busy_bytes = _ANSWERING_BYTES + _COPIES * max_batch_size(spec) * request_bytes
    return max((spec.memory_estimate_bytes - busy_bytes) // 2**20, 0)


def action(place: Path, files: dict[str, bytes]) -> Action:
    """What to do so that a model's folder holds these files."""
    if not place.exists():
        return Action.WRITE
    if weights_of(place) != STAND_IN:
        return Action.KEEP_REAL
    there = {
        path.relative_to(place).as_posix(): path.read_bytes()
        for path in place.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    return Action.NOTHING if there == files else Action.RENEW


def device_of(place: Path) -> Device:
    """What a stand-in that is there was made for; the CPU where there is none."""
    try:
        return "gpu" if "KIND_GPU" in (place / "config.pbtxt").read_text() else "cpu"
    except (OSError, UnicodeDecodeError):
        return "cpu"


def write(repository: Path, name: str, files: dict[str, bytes]) -> None:
    """
    Raises:
        OSError: the disk is full, or may not be written to.
    """
    with model_folder(repository, name) as folder:
        for path, content in files.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_bytes(content)


def _classes(spec: ModelSpec) -> int:
    """Rows of a head that are scores; 0 for one per prompt."""
    return 1 if spec.task is TaskName.POSE else len(spec.labels)


def _bytes(tensor: Tensor) -> int:
    """Of one picture; where a side grows with the prompts, of as many as may be given."""
    return 4 * math.prod(MOST_PROMPTS if length == -1 else length for length in tensor.dims)
