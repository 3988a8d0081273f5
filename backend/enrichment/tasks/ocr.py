"""A line of text: greedy decoding of connectionist temporal classification (CTC).

Source: Graves et al., Connectionist Temporal Classification, 2006, §3.2 (best path decoding).
"""

from typing import Any

import numpy as np

from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.tasks import pictures, tensors
from backend.enrichment.tasks.geometry import Geometry
from backend.enrichment.tasks.options import Options
from backend.enrichment.tasks.schemas import SCORE, answer, nullable
from backend.enrichment.tasks.scores import score_of
from backend.enrichment.tasks.tensors import Outputs

_BLANK = 0

SCHEMA = answer(
    "ocr",
    "One line of text; the score is the mean of the characters', null where there is no text.",
    text={"type": "string"},
    score=nullable(SCORE),
)

preprocess = pictures.prepare


def postprocess(
    outputs: Outputs, geometry: Geometry, spec: ModelSpec, options: Options
) -> dict[str, Any]:
    """The text, of probabilities of shape (1, steps, 1 + characters), the blank first."""
    probabilities = tensors.read(outputs, spec.outputs[0])
    path = probabilities.argmax(axis=1)
    # A character lasts several steps; the same one again has a blank between.
    fresh = np.concatenate([[True], path[1:] != path[:-1]]) & (path != _BLANK)
    text = "".join(spec.alphabet[index - 1] for index in path[fresh])
    score = score_of(probabilities.max(axis=1)[fresh].mean()) if text else None
    return {"task": "ocr", "text": text, "score": score}
