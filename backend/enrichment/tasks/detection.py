"""Objects of known classes: YOLO v8 and v11 heads, with masks where the model has some."""

from typing import Any

from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.tasks import masks, pictures, tensors, yolo
from backend.enrichment.tasks.geometry import Geometry, box_json
from backend.enrichment.tasks.options import Options
from backend.enrichment.tasks.schemas import (
    BOX,
    LABEL,
    RATIO,
    SCORE,
    answer,
    listed,
    nullable,
    record,
)
from backend.enrichment.tasks.scores import score_of
from backend.enrichment.tasks.tensors import Outputs

SCHEMA = answer(
    "detection",
    "Objects, the most certain first.",
    objects=listed(
        record(
            "An object; area_ratio is the part of the picture that its mask covers, null from a "
            "model without masks.",
            label=LABEL,
            score=SCORE,
            box=BOX,
            area_ratio=nullable(RATIO),
        )
    ),
)

preprocess = pictures.prepare


def postprocess(
    outputs: Outputs, geometry: Geometry, spec: ModelSpec, options: Options
) -> dict[str, Any]:
    """The objects in the picture.

    Args:
        outputs: a head of shape (1, 4 + classes + masks, places) and, of a model with masks, what
            they are mixed from, (1, masks, height / 4, width / 4).
    """
    head = tensors.read(outputs, spec.outputs[0])
    found = yolo.decode(head, len(spec.labels), options)
    areas: list[float | None] = [None] * len(found.scores)
    if len(spec.outputs) > 1:
        prototypes = tensors.read(outputs, spec.outputs[1])
        areas = [
            masks.area_ratio(weights, prototypes, box, geometry, spec.input)
            for weights, box in zip(found.extra, found.boxes, strict=True)
        ]
    objects = object_list(found, geometry, spec.labels)
    return {
        "task": "detection",
        "objects": [
            {**each, "area_ratio": area} for each, area in zip(objects, areas, strict=True)
        ],
    }


def object_list(
    found: yolo.Objects, geometry: Geometry, labels: tuple[str, ...]
) -> list[dict[str, Any]]:
    """What a head found, as an answer has it."""
    places = geometry.boxes_to_picture(found.boxes)
    return [
        {"label": labels[label], "score": score_of(score), "box": box_json(box)}
        for label, score, box in zip(found.classes, found.scores, places, strict=True)
    ]
