"""Where a version's weights come from and what was found when they were imported."""

import dataclasses
import datetime
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scripts.efficient_fiqa.drift import Drift
from scripts.efficient_fiqa.variants import BANDS, Variant

FILE = "provenance.json"
TOOLS = ("numpy", "onnx", "onnxruntime", "pillow", "torch")
LICENCE = (
    "The authors' page shows an Apache badge, and at this commit the repository holds no licence "
    "file. Whether the weights may be passed on is not clear: use them here, do not publish them."
)
PLUMBING = (
    "Random weights of the network's exact shapes. The scores say nothing about any picture: they "
    "prove that the way from the camera to the answer works, and no more."
)


@dataclasses.dataclass(frozen=True)
class Findings:
    """What was measured on the exported file.

    Attributes:
        torch_to_onnx_max: largest difference of a float32 score between torch and ONNX Runtime.
        drift: of the reduced precision against float32; None for float32.
        drift_limit: what the drift was held to.
        drift_accepted: whether it was imported although it is over the limit.
    """

    torch_to_onnx_max: float
    drift: Drift | None
    drift_limit: float
    drift_accepted: bool


def document(
    variant: Variant, source: dict[str, Any], onnx_file: dict[str, Any], findings: Findings
) -> dict[str, Any]:
    return {
        "model": "efficient_fiqa",
        "variant": variant.name,
        "precision": variant.precision.value,
        "random_weights": variant.random_weights,
        "remark": PLUMBING if variant.random_weights else LICENCE,
        "source": source,
        "onnx": onnx_file,
        "bands": BANDS,
        "findings": dataclasses.asdict(findings),
        "tools": {"python": platform.python_version()} | {name: version(name) for name in TOOLS},
        "imported_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def write(folder: Path, content: dict[str, Any]) -> None:
    (folder / FILE).write_text(json.dumps(content, indent=1) + "\n")
