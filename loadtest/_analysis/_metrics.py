"""Numbers about numbers, and how many samples a percentile needs to mean something."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

CONFIDENCE_RATIO = 0.99
# How many standard deviations to either side that confidence asks for.
CONFIDENCE_Z = statistics.NormalDist().inv_cdf((1 + CONFIDENCE_RATIO) / 2)
INTERVAL_RATIO = 0.95
# Beyond so many standard deviations lies less than a millionth of a binomial distribution whose
# percentile is worth stating.
_FAR_DEVIATIONS = 8.0

Interval = tuple[float, float]


@dataclass(frozen=True)
class Metric:
    """None where it cannot be said: no samples, or too few for that percentile.

    Attributes:
        p50_interval: the true median lies in it with 95 % confidence; p95_interval likewise.
    """

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
    p50_interval: Interval | None = None
    p95_interval: Interval | None = None


def summarise(values: Sequence[float], unit: str) -> Metric:
    ordered = sorted(values)
    count = len(ordered)
    if not count:
        return Metric(unit, 0, None, None, None, None, None, None, None, None)
    p95 = _sound_percentile(ordered, 95)
    return Metric(
        unit=unit,
        count=count,
        avg=math.fsum(ordered) / count,
        min=ordered[0],
        max=ordered[-1],
        p50=percentile(ordered, 50),
        p90=_sound_percentile(ordered, 90),
        p95=p95,
        p99=_sound_percentile(ordered, 99),
        std=statistics.stdev(ordered) if count > 1 else None,
        p50_interval=percentile_interval(ordered, 50),
        p95_interval=None if p95 is None else percentile_interval(ordered, 95),
    )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Linear interpolation between closest ranks of sorted, non-empty values."""
    rank = (len(ordered) - 1) * percent / 100
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    weight = rank - low
    # Written so that the result cannot leave [ordered[low], ordered[high]] by rounding.
    return min(ordered[high], ordered[low] + (ordered[high] - ordered[low]) * weight)


def percentile_interval(ordered: Sequence[float], percent: float) -> Interval | None:
    """Between which of the sorted values the true percentile lies, with 95 % confidence."""
    ranks = interval_ranks(len(ordered), percent)
    return None if ranks is None else (ordered[ranks[0] - 1], ordered[ranks[1] - 1])


@cache
def interval_ranks(count: int, percent: float) -> tuple[int, int] | None:
    """Ranks, from 1, of the values around a percentile; None where there are too few values.

    How many of the values lie below the percentile is binomial, whatever they are values of. The
    tails beyond the ranks have at most 2.5 % each. The values must be independent of each other.

    Source: H. A. David, H. N. Nagaraja, Order Statistics, 3rd edition, section 7.1.
    """
    below = percent / 100
    tail = (1 - INTERVAL_RATIO) / 2
    deviation = math.sqrt(count * below * (1 - below))
    # Starting near the percentile takes steps by the root of the count, not by the count.
    start = max(0, math.floor(count * below - _FAR_DEVIATIONS * deviation))
    chance = math.exp(
        math.lgamma(count + 1)
        - math.lgamma(start + 1)
        - math.lgamma(count - start + 1)
        + start * math.log(below)
        + (count - start) * math.log1p(-below)
    )
    low, at_most = 0, 0.0
    for values_below in range(start, count):
        at_most += chance
        if at_most <= tail:
            low = values_below + 1
        if at_most >= 1 - tail:
            return (low, values_below + 1) if low else None
        chance *= (count - values_below) / (values_below + 1) * below / (1 - below)
    return None


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


def paced_count_std(users: int) -> float:
    """Largest standard deviation of the frames that evenly paced users send in a span of time.

    A user sends one of the two whole numbers around its mean, depending on where the span cuts
    its interval: at worst a coin toss, of variance 1/4. Much less than the users' arrivals would
    vary at random, where the variance is the mean.
    """
    return math.sqrt(users) / 2


def _sound_percentile(ordered: Sequence[float], percent: float) -> float | None:
    return percentile(ordered, percent) if len(ordered) >= samples_needed(percent) else None
