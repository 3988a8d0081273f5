"""What is nearer and what is farther: a coarse grid and the spread, not the whole map."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.enrichment.model_spec import ModelSpec
from backend.enrichment.tasks import pictures, tensors
from backend.enrichment.tasks.geometry import Geometry
from backend.enrichment.tasks.options import Options
from backend.enrichment.tasks.schemas import RATIO, answer, listed, record
from backend.enrichment.tasks.tensors import Outputs, Values

GRID_ROWS, GRID_COLUMNS = 12, 16
PERCENTILES = (5, 25, 50, 75, 95)

_NUMBER = {"type": "number"}
SCHEMA = answer(
    "depth",
    "Nearness without a unit: larger is nearer, and pictures cannot be compared by it.",
    minimum=_NUMBER,
    maximum=_NUMBER,
    percentiles=record("Of the map's values.", **{f"p{each}": _NUMBER for each in PERCENTILES}),
    grid=listed(
        listed(RATIO, minItems=GRID_COLUMNS, maxItems=GRID_COLUMNS),
        minItems=GRID_ROWS,
        maxItems=GRID_ROWS,
    )
    | {
        "description": "Means of the cells of a grid over the picture, row by row from the top; "
        "0 is the farthest value of the map, 1 the nearest; all 0 where the map is flat."
    },
)

preprocess = pictures.prepare


def postprocess(
    outputs: Outputs, geometry: Geometry, spec: ModelSpec, options: Options
) -> dict[str, Any]:
    """What a map of shape (1, rows, columns) says, larger values being nearer."""
    nearness = tensors.read(outputs, spec.outputs[0])
    low, high = float(nearness.min()), float(nearness.max())
    cells = _cell_means(nearness)
    normalised = (cells - low) / (high - low) if high > low else np.zeros_like(cells)
    spread = np.percentile(nearness, PERCENTILES)
    return {
        "task": "depth",
        "minimum": round(low, 4),
        "maximum": round(high, 4),
        "percentiles": {
            f"p{each}": round(float(value), 4)
            for each, value in zip(PERCENTILES, spread, strict=True)
        },
        "grid": np.clip(normalised, 0, 1).round(3).tolist(),
    }


def _cell_means(values: Values) -> NDArray[np.float64]:
    """Means over a grid of GRID_ROWS × GRID_COLUMNS cells, which differ by a row or column."""
    rows = np.arange(GRID_ROWS) * values.shape[0] // GRID_ROWS
    columns = np.arange(GRID_COLUMNS) * values.shape[1] // GRID_COLUMNS
    sums = np.add.reduceat(np.add.reduceat(values, rows, axis=0, dtype=np.float64), columns, axis=1)
    heights = np.diff([*rows, values.shape[0]])
    widths = np.diff([*columns, values.shape[1]])
    return np.asarray(sums / np.outer(heights, widths))
