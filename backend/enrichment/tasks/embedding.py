"""A picture as a vector of length 1: the product of two says how alike they are."""

from typing import Any

import numpy as np

from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.tasks import pictures, tensors
from backend.enrichment.tasks.geometry import Geometry
from backend.enrichment.tasks.options import Options
from backend.enrichment.tasks.schemas import COUNT, answer, listed
from backend.enrichment.tasks.tensors import Outputs
from backend.errors import TritonFailed

SCHEMA = answer(
    "embedding",
    "A vector of Euclidean length 1.",
    dimensions=COUNT,
    embedding=listed({"type": "number", "minimum": -1, "maximum": 1}, minItems=1),
)

preprocess = pictures.prepare


def postprocess(
    outputs: Outputs, geometry: Geometry, spec: ModelSpec, options: Options
) -> dict[str, Any]:
    """The picture's vector, of one of shape (1, dimensions) and any length but 0."""
    vector = tensors.read(outputs, spec.outputs[0]).astype(np.float64)
    length = float(np.linalg.norm(vector))
    if length == 0:
        raise TritonFailed("The model answered a vector of zeros, which has no direction.")
    # Six digits are more than float32 has behind the point here.
    unit = [round(value, 6) for value in (vector / length).tolist()]
    return {"task": "embedding", "dimensions": len(unit), "embedding": unit}
