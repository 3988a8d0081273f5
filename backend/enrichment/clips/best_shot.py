"""The best frames of a clip that are not neighbours."""

import math
from collections.abc import Sequence


def best_shots(
    scores: Sequence[float | None], times_s: Sequence[float], *, top: int, distance_s: float
) -> tuple[int, ...]:
    """Numbers of the best frames, the best first.

    The best one of all is always among them; after it each next best that is far enough from all
    before. Of equal ones the earlier.

    Args:
        scores: None for a frame without a score, which is never chosen.
        distance_s: the least between any two.
    """
    scored = [
        (score, number)
        for number, score in enumerate(scores)
        if score is not None and not math.isnan(score)
    ]
    chosen: list[int] = []
    for _, number in sorted(scored, key=lambda one: (-one[0], one[1])):
        if len(chosen) == top:
            break
        if all(abs(times_s[number] - times_s[other]) >= distance_s for other in chosen):
            chosen.append(number)
    return tuple(chosen)
