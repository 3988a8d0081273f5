"""Rank correlation within a source, its intervals, and the gate that a model must pass to ship."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 4000
Values = NDArray[np.floating]


@dataclass(frozen=True)
class Interval:
    """An estimate and its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Gate:
    """Whether the model beats the best of the measures that need no learning."""

    best: str
    model: Interval
    baseline: Interval
    difference: Interval

    @property
    def passed(self) -> bool:
        return self.difference.low > 0


def ranks(values: Values) -> Values:
    """Ranks from 0; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts + 1) / 2
    shared: Values = mean_rank[place]
    return shared


def order_kept(scores: Values) -> float:
    """Spearman's correlation of scores, from pristine to worst, with that order; 0 if all equal.

    1 where every step lowers the score, −1 where every step raises it.
    """
    one, other = ranks(scores), np.arange(len(scores))[::-1].astype(float)
    one, other = one - one.mean(), other - other.mean()
    spread = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / spread if spread else 0.0


def resampled(per_source: Values, seed: int) -> Interval:
    """The mean over sources, and its percentile bootstrap over them."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(per_source), (RESAMPLES, len(per_source)))
    low, high = np.percentile(per_source[drawn].mean(1), (2.5, 97.5))
    return Interval(float(per_source.mean()), float(low), float(high))


def judge(model: Values, baselines: dict[str, Values], seed: int) -> Gate:
    """Hold the model against whichever baseline has the highest mean.

    Args:
        model: (sources,), each source's mean correlation over the held-out families.
        baselines: the same for each baseline, the sources in the same order.
    """
    best = max(baselines, key=lambda name: float(baselines[name].mean()))
    return Gate(
        best,
        resampled(model, seed),
        resampled(baselines[best], seed),
        resampled(model - baselines[best], seed),
    )
