"""The most likely of several classes, which the model knows or the prompts name."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.tasks import pictures, tensors
from backend.enrichment.tasks.geometry import Geometry
from backend.enrichment.tasks.options import Options, prompts_for
from backend.enrichment.tasks.schemas import CLASSES, answer
from backend.enrichment.tasks.scores import ranked, softmax
from backend.enrichment.tasks.tensors import Outputs

# What a model of label groups knows besides them.
OTHER = "other"

SCHEMA = answer(
    "classification",
    "Classes, the most likely first; the scores of all classes sum to 1.",
    classes=CLASSES,
)

preprocess = pictures.prepare


def postprocess(
    outputs: Outputs, geometry: Geometry, spec: ModelSpec, options: Options
) -> dict[str, Any]:
    """The most likely classes, of logits of shape (1, classes or prompts)."""
    prompts = prompts_for(spec, options)
    logits = tensors.read(outputs, spec.outputs[0], free_axis=len(prompts))
    labels, scores = _grouped(prompts or spec.labels, softmax(logits), spec)
    return {
        "task": "classification",
        "classes": ranked(labels, scores, options.max_classes),
    }


def _grouped(
    labels: tuple[str, ...], scores: NDArray[np.float64], spec: ModelSpec
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """The groups' names and sums where the answer is about groups, and what none of them has."""
    if not spec.label_groups:
        return labels, scores
    sums = [float(scores[group.first : group.last + 1].sum()) for group in spec.label_groups]
    names = tuple(group.label for group in spec.label_groups)
    return (*names, OTHER), np.array([*sums, max(1 - sum(sums), 0.0)])
