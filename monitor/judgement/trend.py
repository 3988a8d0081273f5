"""Whether a series grows, and how fast. Pure.

Source: Theil (1950) and Sen (1968), the median of the slopes between all pairs of points.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

PARTS = 4
# That all of the last quarter lies above all of the first has a chance of 1 in 252 in 20 points
# of noise, and less in more.
LEAST_POINTS = 20
# Many programs clear their memory every few minutes; until then it looks like a leak.
LEAST_SPAN_S = 1200.0
# Of the rise that a straight line has: a step has most of it in one part, a warm-up in the first.
LEAST_PART_RATIO = 0.5
LEAST_SECOND_HALF_RATIO = 0.75

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Trend:
    per_hour: float
    span_s: float


def growth_of(points: Points) -> Trend | None:
    """The growth of a series of (seconds, value); None where it may as well be something else.

    Noise does not grow, a step does so once, what warms up levels off, and what is cleared again
    and again falls back.
    """
    if len(points) < LEAST_POINTS or points[-1][0] - points[0][0] < LEAST_SPAN_S:
        return None
    per_s = _slope(points)
    if per_s <= 0 or not _grows_throughout(points, per_s):
        return None
    half = len(points) // 2
    if _slope(points[half:]) < LEAST_SECOND_HALF_RATIO * _slope(points[:half]):
        return None
    return Trend(3600 * per_s, points[-1][0] - points[0][0])


def _slope(points: Points) -> float:
    slopes = sorted(
        (later - earlier) / (later_s - earlier_s)
        for position, (earlier_s, earlier) in enumerate(points)
        for later_s, later in points[position + 1 :]
    )
    middle = len(slopes) // 2
    return slopes[middle] if len(slopes) % 2 else (slopes[middle - 1] + slopes[middle]) / 2


def _grows_throughout(points: Points, per_s: float) -> bool:
    """Each part's floor lies above the one before, and the last part is all new ground."""
    size = len(points) / PARTS
    parts = [points[round(size * n) : round(size * (n + 1))] for n in range(PARTS)]
    floors = [min(value for _, value in part) for part in parts]
    part_rise = per_s * (points[-1][0] - points[0][0]) / PARTS
    least_rise = min(after - before for before, after in pairwise(floors))
    ceiling = max(value for _, value in parts[0])
    return least_rise >= LEAST_PART_RATIO * part_rise and floors[-1] > ceiling
