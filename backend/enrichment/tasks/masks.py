"""The masks of YOLO's segmenting heads: each object's is mixed from what the picture has in all.

Source: Bolya et al., YOLACT, 2019, §3.2.
"""

import numpy as np
from numpy.typing import NDArray

from backend.enrichment.model_spec import PictureInput
from backend.enrichment.tasks.geometry import Geometry
from backend.enrichment.tasks.tensors import Values


def area_ratio(
    weights: NDArray[np.floating],
    prototypes: Values,
    box: NDArray[np.floating],
    geometry: Geometry,
    target: PictureInput,
) -> float:
    """Part of the picture that a mask covers within its box.

    Args:
        weights: (masks,)
        prototypes: (masks, rows, columns)
        box: edges in pixels of the input.
    """
    rows, columns = prototypes.shape[1:]
    cell_x, cell_y = target.width / columns, target.height / rows
    # A cell belongs to the box, and to the picture, that its centre is in.
    x, y = (np.arange(columns) + 0.5) * cell_x, (np.arange(rows) + 0.5) * cell_y
    corner, far_corner = np.array(geometry.edges).reshape(2, 2)
    left, top = np.maximum(box[:2], corner)
    right, bottom = np.minimum(box[2:], far_corner)
    seen = prototypes[:, (y >= top) & (y < bottom)][:, :, (x >= left) & (x < right)]
    # The sigmoid of more than zero is more than a half.
    covered = int(np.count_nonzero(np.tensordot(weights, seen, axes=1) > 0))
    whole = float((far_corner - corner).prod())
    ratio: float = covered * cell_x * cell_y / whole
    return round(min(ratio, 1.0), 4)
