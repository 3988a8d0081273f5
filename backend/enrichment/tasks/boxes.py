"""Boxes that mean the same object."""

import numpy as np
from numpy.typing import NDArray

from backend.enrichment.tasks.geometry import Boxes


def from_centres(centres: NDArray[np.floating]) -> Boxes:
    """Boxes (N, 4) given as centre, width and height, as edges; less than no width is none."""
    middle, half = centres[:, :2].astype(np.float64), np.maximum(centres[:, 2:], 0) / 2
    return np.concatenate([middle - half, middle + half], axis=1)


def overlap_ratios(box: NDArray[np.floating], others: Boxes) -> NDArray[np.floating]:
    """What one box and each of the others share, as a part of what both cover; 0–1, shape (N,)."""
    corner = np.maximum(box[:2], others[:, :2])
    far_corner = np.minimum(box[2:], others[:, 2:])
    shared = np.clip(far_corner - corner, 0, None).prod(axis=1)
    covered = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1) - shared
    return np.asarray(np.divide(shared, covered, out=np.zeros_like(shared), where=covered > 0))


def best(
    boxes: Boxes,
    scores: NDArray[np.floating],
    classes: NDArray[np.integer],
    *,
    overlap_threshold: float,
    limit: int,
) -> NDArray[np.intp]:
    """Which boxes to keep, the most certain first: non-maximum suppression within each class.

    Args:
        boxes: (N, 4), edges.
        scores: (N,)
        classes: (N,); boxes of different classes never suppress one another.
    """
    # Of equal ones the first stays, so that the answer to a picture is always the same.
    left = np.argsort(-scores, kind="stable")
    kept: list[np.intp] = []
    while left.size and len(kept) < limit:
        top, rest = left[0], left[1:]
        kept.append(top)
        same = overlap_ratios(boxes[top], boxes[rest]) > overlap_threshold
        left = rest[~(same & (classes[rest] == classes[top]))]
    return np.array(kept, np.intp)
