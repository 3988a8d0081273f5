"""Scores: of classes, ranked, and as an answer has them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from backend.enrichment.tasks.tensors import Values


def score_of(value: np.floating) -> float:
    """A score that rounding in the model may have carried past its bounds."""
    return round(min(max(float(value), 0.0), 1.0), 4)


def softmax(logits: Values) -> NDArray[np.float64]:
    """Probabilities of shape (classes,) that sum to 1."""
    # The largest is taken off first: its exponential would overflow.
    powers = np.exp(logits.astype(np.float64) - logits.max())
    return np.asarray(powers / powers.sum())


def ranked(
    labels: Sequence[str], scores: NDArray[np.floating], limit: int
) -> list[dict[str, str | float]]:
    """The most likely classes, best first."""
    order = np.argsort(-scores, kind="stable")[:limit]
    return [{"label": labels[i], "score": score_of(scores[i])} for i in order]
