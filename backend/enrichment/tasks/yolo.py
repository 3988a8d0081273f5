"""The heads that YOLO v8 and v11 end in: a column for each place where an object could be.

Source: the exported graphs' output, (4 + classes + extra) × places; boxes as centre, width and
height in pixels of the input, scores after the sigmoid.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.enrichment.tasks import boxes
from backend.enrichment.tasks.options import Options
from backend.enrichment.tasks.tensors import Values

# More candidates than any picture has objects; it bounds the time that suppression takes.
_MOST_CANDIDATES = 2000


@dataclass(frozen=True)
class Objects:
    """What a head found, the most certain first.

    Attributes:
        boxes: (N, 4), edges in pixels of the input.
        scores: (N,), 0–1.
        classes: (N,)
        extra: (N, E), what follows the scores in the objects' columns.
    """

    boxes: NDArray[np.floating]
    scores: NDArray[np.floating]
    classes: NDArray[np.intp]
    extra: NDArray[np.floating]


def decode(head: Values, class_count: int, options: Options) -> Objects:
    """The objects in a head of shape (4 + class_count + E, places)."""
    columns = head.T
    scores = columns[:, 4 : 4 + class_count]
    classes = scores.argmax(axis=1)
    certainty = scores.max(axis=1)
    # Stable, so that of equal scores the same are always answered.
    likely = np.argsort(-certainty, kind="stable")[:_MOST_CANDIDATES]
    likely = likely[certainty[likely] >= options.score_threshold]
    edges = boxes.from_centres(columns[likely, :4])
    kept = boxes.best(
        edges,
        certainty[likely],
        classes[likely],
        overlap_threshold=options.overlap_threshold,
        limit=options.max_objects,
    )
    chosen = likely[kept]
    return Objects(
        edges[kept], certainty[chosen], classes[chosen], columns[chosen, 4 + class_count :]
    )
