"""People and their joints: YOLO's pose head, or a map for each keypoint of one person."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.tasks import pictures, tensors, yolo
from backend.enrichment.tasks.geometry import Geometry, box_json
from backend.enrichment.tasks.options import Options
from backend.enrichment.tasks.schemas import (
    BOX,
    LABEL,
    PIXELS,
    SCORE,
    answer,
    listed,
    nullable,
    record,
)
from backend.enrichment.tasks.scores import score_of
from backend.enrichment.tasks.tensors import Outputs, Values

_KEYPOINT = record(
    "A joint, in pixels of the picture.", name=LABEL, x=PIXELS, y=PIXELS, score=SCORE
)
_PERSON = record(
    "A person; the box is null from a model that takes the picture for one person.",
    score=SCORE,
    box=nullable(BOX),
    keypoints=listed(_KEYPOINT),
)
SCHEMA = answer("pose", "People, the most certain first.", people=listed(_PERSON))

preprocess = pictures.prepare


def postprocess(
    outputs: Outputs, geometry: Geometry, spec: ModelSpec, options: Options
) -> dict[str, Any]:
    """The people in the picture.

    Args:
        outputs: a head of shape (1, 5 + 3 × keypoints, places), or maps of shape
            (1, keypoints, rows, columns).
    """
    values = tensors.read(outputs, spec.outputs[0])
    people = (
        _from_head(values, geometry, spec, options)
        if values.ndim == 2
        else _from_maps(values, geometry, spec)
    )
    return {"task": "pose", "people": people}


def _from_head(
    head: Values, geometry: Geometry, spec: ModelSpec, options: Options
) -> list[dict[str, Any]]:
    found = yolo.decode(head, 1, options)
    keypoints = found.extra.reshape(len(found.scores), len(spec.labels), 3)
    places = geometry.boxes_to_picture(found.boxes)
    return [
        {
            "score": score_of(found.scores[i]),
            "box": box_json(places[i]),
            "keypoints": _keypoints(keypoints[i, :, :2], keypoints[i, :, 2], geometry, spec),
        }
        for i in range(len(found.scores))
    ]


def _from_maps(maps: Values, geometry: Geometry, spec: ModelSpec) -> list[dict[str, Any]]:
    count, rows, columns = maps.shape
    flat = maps.reshape(count, -1)
    y, x = np.divmod(flat.argmax(axis=1), columns)
    cells = np.stack([_refined(maps, x, y, 1), _refined(maps, x, y, 0)], axis=1)
    # The centres of the outer cells lie on those of the input's outer pixels.
    steps = ((spec.input.width - 1) / (columns - 1), (spec.input.height - 1) / (rows - 1))
    scores = flat.max(axis=1)
    keypoints = _keypoints(cells * steps + 0.5, scores, geometry, spec)
    return [{"score": score_of(scores.mean()), "box": None, "keypoints": keypoints}]


def _refined(
    maps: Values, x: NDArray[np.intp], y: NDArray[np.intp], axis: int
) -> NDArray[np.float64]:
    """Column (axis 1) or row (axis 0) of each map's peak, a quarter towards the higher neighbour.

    Source: Newell et al., Stacked Hourglass Networks, 2016.
    """
    index = np.arange(len(maps))
    at = x if axis else y
    last = maps.shape[2 if axis else 1] - 1
    before, after = np.maximum(at - 1, 0), np.minimum(at + 1, last)
    lower = maps[index, y, before] if axis else maps[index, before, x]
    upper = maps[index, y, after] if axis else maps[index, after, x]
    inside = (at > 0) & (at < last)
    return np.asarray(at + np.where(inside, 0.25 * np.sign(upper - lower), 0.0), np.float64)


def _keypoints(
    places: NDArray[np.floating],
    scores: NDArray[np.floating],
    geometry: Geometry,
    spec: ModelSpec,
) -> list[dict[str, Any]]:
    in_picture = geometry.to_picture(places).round(1).tolist()
    return [
        {"name": name, "x": x, "y": y, "score": score_of(score)}
        for name, (x, y), score in zip(spec.labels, in_picture, scores, strict=True)
    ]
