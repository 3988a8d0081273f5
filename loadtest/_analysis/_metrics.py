"""Numbers about numbers, and how many samples a percentile needs to mean something."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

CONFIDENCE_RATIO = 0.99


@dataclass(frozen=True)
class Metric:
    """None where it cannot be said: no samples, or too few for that percentile."""

    unit: str
    count: int
    avg: float | None
    min: float | None
    max: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    std: float | None


def summarise(values: Sequence[float], unit: str) -> Metric:
    ordered = sorted(values)
    count = len(ordered)
    if not count:
        return Metric(unit, 0, None, None, None, None, None, None, None, None)
    return Metric(
        unit=unit,
        count=count,
        avg=math.fsum(ordered) / count,
        min=ordered[0],
        max=ordered[-1],
        p50=percentile(ordered, 50),
        p90=_sound_percentile(ordered, 90),
        p95=_sound_percentile(ordered, 95),
        p99=_sound_percentile(ordered, 99),
        std=statistics.stdev(ordered) if count > 1 else None,
    )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Linear interpolation between closest ranks of sorted, non-empty values."""
    rank = (len(ordered) - 1) * percent / 100
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    weight = rank - low
    # Written so that the result cannot leave [ordered[low], ordered[high]] by rounding.
    return min(ordered[high], ordered[low] + (ordered[high] - ordered[low]) * weight)


@cache
def samples_needed(percent: float) -> int:
    """Fewest samples for a percentile, if one of them may lie beyond the true value.

    Source: the early-stopping rule of MLPerf LoadGen, 99 % confidence: the smallest n where
    the chance of at most one of n samples lying beyond the percentile is at most 1 %.
    """
    below = percent / 100
    count = 2
    while below**count + count * (1 - below) * below ** (count - 1) > 1 - CONFIDENCE_RATIO:
        count += 1
    return count


def _sound_percentile(ordered: Sequence[float], percent: float) -> float | None:
    return percentile(ordered, percent) if len(ordered) >= samples_needed(percent) else None
