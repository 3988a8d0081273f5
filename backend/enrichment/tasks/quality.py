"""How much a picture is spoilt, without another to compare it with.

Source: Mittal, Moorthy and Bovik, No-Reference Image Quality Assessment in the Spatial Domain,
2012 (BRISQUE: its scale).
"""

from typing import Any

from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.tasks import pictures, tensors
from backend.enrichment.tasks.geometry import Geometry
from backend.enrichment.tasks.options import Options
from backend.enrichment.tasks.schemas import answer
from backend.enrichment.tasks.tensors import Outputs

SCHEMA = answer(
    "quality",
    "0 is best and 100 worst; a picture unlike any that the scale was made of may be beyond.",
    score={"type": "number"},
)

preprocess = pictures.prepare


def postprocess(
    outputs: Outputs, geometry: Geometry, spec: ModelSpec, options: Options
) -> dict[str, Any]:
    """The score, of a number of shape (1, 1)."""
    (score,) = tensors.read(outputs, spec.outputs[0]).tolist()
    return {"task": "quality", "score": round(score, 2)}
