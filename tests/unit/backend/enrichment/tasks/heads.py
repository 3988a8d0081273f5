"""Boxes written into the output of a detector, as a network would."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from backend.enrichment.tasks.geometry import Geometry

PLACES = 8400


def head(
    rows: int,
    geometry: Geometry,
    *objects: tuple[tuple[float, float, float, float], Sequence[float]],
) -> NDArray[np.float32]:
    """An output (1, rows, places) that is nought but for these objects.

    Args:
        objects: x, y, width and height in pixels of the picture, and what follows in the column.
    """
    values = np.zeros((1, rows, PLACES), np.float32)
    for index, ((x, y, width, height), rest) in enumerate(objects):
        column = 17 + 100 * index
        values[0, :4, column] = (
            (x + width / 2) * geometry.scale_x + geometry.left,
            (y + height / 2) * geometry.scale_y + geometry.top,
            width * geometry.scale_x,
            height * geometry.scale_y,
        )
        values[0, 4:, column] = rest
    return values
