"""How far one run's scores are from another's on the same pictures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    ranks, others = _ranks(one), _ranks(other)
    if ranks.std() == 0 or others.std() == 0:
        return None
    return float(np.corrcoef(ranks, others)[0, 1])


def _ranks(values: Scores) -> NDArray[np.float64]:
    """Equal values share the mean of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2)[place]
    return ranks
