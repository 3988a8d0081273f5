"""Which part of a picture each class covers, and where."""

from typing import Any

import numpy as np

from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.tasks import pictures, tensors
from backend.enrichment.tasks.geometry import Geometry, box_json
from backend.enrichment.tasks.options import Options
from backend.enrichment.tasks.regions import Region, regions
from backend.enrichment.tasks.schemas import BOX, LABEL, RATIO, answer, listed, record
from backend.enrichment.tasks.tensors import Outputs

# What is around all else has a share and no regions.
BACKGROUND = "background"
# A region that covers less of the picture is noise along an edge.
SMALLEST_REGION_RATIO = 0.001

SCHEMA = answer(
    "segmentation",
    "Classes that occur, the largest first.",
    classes=listed(
        record(
            "A class and its connected regions, the largest first; the smallest are left out.",
            label=LABEL,
            area_ratio=RATIO,
            regions=listed(record("A region.", box=BOX, area_ratio=RATIO)),
        ),
        minItems=1,
    ),
)

preprocess = pictures.prepare


def postprocess(
    outputs: Outputs, geometry: Geometry, spec: ModelSpec, options: Options
) -> dict[str, Any]:
    """What each class covers, of logits of shape (1, classes, rows, columns)."""
    labels = tensors.read(outputs, spec.outputs[0]).argmax(axis=0)
    counts = np.bincount(labels.ravel(), minlength=len(spec.labels))
    present = [index for index in np.argsort(-counts, kind="stable") if counts[index]]
    cell = (geometry.width / labels.shape[1], geometry.height / labels.shape[0])
    smallest = SMALLEST_REGION_RATIO * labels.size

    def as_json(region: Region) -> dict[str, Any]:
        edges = np.array([region.left, region.top, region.right, region.bottom]) * (*cell, *cell)
        return {"box": box_json(edges), "area_ratio": round(region.cells / labels.size, 4)}

    def regions_of(index: np.intp) -> list[dict[str, Any]]:
        if spec.labels[index] == BACKGROUND:
            return []
        large = [region for region in regions(labels == index) if region.cells >= smallest]
        return [as_json(region) for region in large[: options.max_objects]]

    return {
        "task": "segmentation",
        "classes": [
            {
                "label": spec.labels[index],
                "area_ratio": round(int(counts[index]) / labels.size, 4),
                "regions": regions_of(index),
            }
            for index in present
        ],
    }
