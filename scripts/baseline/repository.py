"""The model's folder in Triton's repository: the ONNX file and a configuration per machine."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from scripts.baseline.degradations import TRAINED, Picture, degrade
from scripts.baseline.evaluation import Scorer
from scripts.baseline.sources import SIDE_PX, rendered, stream

NAME, VARIANT = "baseline-synthetic", "synthetic-v1"
MILD_SEVERITY, SERIOUS_SEVERITY = 0.4, 0.65
PERCENT_ABOVE = 75


@dataclass(frozen=True)
class Bands:
    """Scores from which on a picture is called fair, and good."""

    fair: float
    good: float


@dataclass(frozen=True)
class Machine:
    """What differs between machines, and the sentence that says so."""

    about: str
    kind: str
    instances: int
    batch: int


_EVERYWHERE = "One face picture in, a quality score out. Learned from generated degradations alone."
MACHINES = {
    "cpu": Machine(
        "Two cores, no GPU: one thread an instance, and small batches, as large ones gain nothing.",
        "KIND_CPU",
        3,
        2,
    ),
    "rtx3060": Machine("A host with an RTX 3060. Not measured there.", "KIND_GPU", 2, 16),
    "rtx5090": Machine("A host with an RTX 5090. Not measured there.", "KIND_GPU", 4, 32),
}
_CONFIG = """\
# {everywhere}
# {machine.about}
backend: "onnxruntime"
max_batch_size: {machine.batch}
input [ {{ name: "image", data_type: TYPE_UINT8, dims: [ 352, 352, 3 ] }} ]
output [ {{ name: "score", data_type: TYPE_FP32, dims: [ 1 ] }} ]
instance_group [ {{ kind: {machine.kind}, count: {machine.instances} }} ]
dynamic_batching {{
  # Never wait for company: a lone frame is scored at once.
  max_queue_delay_microseconds: 0
  default_queue_policy {{
    timeout_action: REJECT
    default_timeout_microseconds: 2000000
    allow_timeout_override: true
    max_queue_size: 64
  }}
}}
model_warmup [ {{
  name: "grey"
  batch_size: 1
  inputs {{
    key: "image"
    value: {{ data_type: TYPE_UINT8, dims: [ 352, 352, 3 ], zero_data: true }}
  }}
}} ]
"""


def choose_bands(seed: int, score: Scorer, sources: int) -> Bands:
    """Where three of four training pictures with a mild fault are good, with a serious one fair."""
    severities = (SERIOUS_SEVERITY, MILD_SEVERITY)
    scores = [
        [score(shown) for shown in faulty(seed, number, severities)] for number in range(sources)
    ]
    by_severity = np.reshape(scores, (-1, len(severities)))
    fair, good = np.percentile(by_severity, 100 - PERCENT_ABOVE, axis=0).round(2)
    return Bands(float(fair), float(good))


def faulty(seed: int, number: int, severities: Sequence[float]) -> list[Picture]:
    """One training face with each trained fault at each severity, families outermost."""
    picture = training_picture(seed, number)
    return [
        degrade(picture, family, severity, stream(seed, 7, number, place))
        for place, family in enumerate(TRAINED)
        for severity in severities
    ]


def training_picture(seed: int, number: int) -> Picture:
    """A training face at the size of the model's input."""
    picture = Image.fromarray(rendered(seed, "training", number).picture)
    return np.asarray(picture.resize((SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR))


def config_text(machine: Machine, model: bytes, bands: Bands) -> str:
    """One config.pbtxt; KIND_CPU says its threads, a GPU has none to say."""
    parameters = {
        "variant": VARIANT,
        "weights_sha256": hashlib.sha256(model).hexdigest(),
        "bands": f"fair={bands.fair:.2f},good={bands.good:.2f}",
    }
    if machine.kind == "KIND_CPU":
        parameters["threads"] = "1"
    lines = [
        f'parameters {{ key: "{key}", value: {{ string_value: "{value}" }} }}\n'
        for key, value in parameters.items()
    ]
    return _CONFIG.format(everywhere=_EVERYWHERE, machine=machine) + "".join(lines)


def write_model(repository: Path, model: bytes, bands: Bands) -> Path:
    """Write the folder that Triton serves; returns it."""
    folder = repository / NAME
    (folder / "1").mkdir(parents=True, exist_ok=True)
    (folder / "configs").mkdir(exist_ok=True)
    (folder / "1/model.onnx").write_bytes(model)
    for name, machine in MACHINES.items():
        (folder / f"configs/{name}.pbtxt").write_text(config_text(machine, model, bands))
    (folder / "config.pbtxt").write_text(config_text(MACHINES["cpu"], model, bands))
    return folder
