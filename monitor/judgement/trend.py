"""Whether a series grows, and how fast. Pure.

Source: Theil (1950) and Sen (1968) for the slope, Mann (1945) and Kendall for its significance.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_POINTS = 20
LEAST_SPAN_S = 600.0
# One-sided, 99 %.
SIGNIFICANT_Z = 2.326
PARTS = 4
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
    slopes = _slopes(points)
    per_s = _median(slopes)
    if per_s <= 0 or _kendall_z(slopes, len(points)) < SIGNIFICANT_Z:
        return None
    if not _grows_throughout(points, per_s):
        return None
    half = len(points) // 2
    first_per_s, second_per_s = (_median(_slopes(part)) for part in (points[:half], points[half:]))
    if second_per_s < LEAST_SECOND_HALF_RATIO * first_per_s:
        return None
    return Trend(3600 * per_s, points[-1][0] - points[0][0])


def _slopes(points: Points) -> list[float]:
    return [
        (later - earlier) / (later_s - earlier_s)
        for position, (earlier_s, earlier) in enumerate(points)
        for later_s, later in points[position + 1 :]
    ]


def _kendall_z(slopes: Sequence[float], count: int) -> float:
    """Mann and Kendall's statistic; ties make it smaller than it would have to be."""
    score = sum((slope > 0) - (slope < 0) for slope in slopes)
    deviation = math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    return (score - 1) / deviation if score > 0 else 0.0


def _grows_throughout(points: Points, per_s: float) -> bool:
    """Each part's floor lies above the one before, and the last part is all new ground."""
    size = len(points) / PARTS
    parts = [points[round(size * n) : round(size * (n + 1))] for n in range(PARTS)]
    floors = [min(value for _, value in part) for part in parts]
    part_rise = per_s * (points[-1][0] - points[0][0]) / PARTS
    rises = [after - before for before, after in itertools.pairwise(floors)]
    ceiling = max(value for _, value in parts[0])
    return min(rises) >= LEAST_PART_RATIO * part_rise and floors[-1] > ceiling


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
