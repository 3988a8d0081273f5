"""How far one run's scores are from another's on the same pictures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.baseline.statistics import ranks

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Drift:
    """Differences of scores, without sign.

    Attributes:
        spearman: whether both rank the pictures alike, 1 where they do; None for one picture.
    """

    pictures: int
    mean: float
    max: float
    spearman: float | None


def drift(scores: Scores, reference: Scores) -> Drift:
    difference = np.abs(scores.astype(np.float64) - reference)
    return Drift(
        pictures=len(difference),
        mean=float(difference.mean()),
        # A score that is not a number is as far away as can be.
        max=float(np.nan_to_num(difference, nan=np.inf).max()),
        spearman=spearman(scores, reference),
    )


def spearman(one: Scores, other: Scores) -> float | None:
    """Correlation of ranks; None where one side does not vary."""
    places, others = ranks(one), ranks(other)
    if places.std() == 0 or others.std() == 0:
        return None
    return float(np.corrcoef(places, others)[0, 1])
