"""Which configuration wins: decided from measurements alone."""

from collections.abc import Mapping

from scripts.tuning.points import Batching, Measurement

# Two runs of the same configuration differ by about as much on a quiet machine.
NOISE_RATIO = 0.03
# How far behind a single measurement may be and still be measured again at the end.
FINALIST_RATIO = 0.10

# None: the configuration could not be loaded.
Points = Mapping[Batching, Measurement | None]


def choose(points: Points, objective_ms: float) -> Batching | None:
    """The most frames per second among those that answer in time.

    Those within the noise of the best are ties: the lower p95 wins, then, within the noise again,
    the one with fewer instances, which is less memory.

    Returns:
        None where nothing meets the objective.
    """
    fit = _meeting(points, objective_ms)
    if not fit:
        return None
    most_per_s = max(measured.frames_per_s for measured, _ in fit.values())
    fastest = {
        batching: p95_ms
        for batching, (measured, p95_ms) in fit.items()
        if measured.frames_per_s >= most_per_s * (1 - NOISE_RATIO)
    }
    least_ms = min(fastest.values())
    return min(
        batching for batching, p95_ms in fastest.items() if p95_ms <= least_ms * (1 + NOISE_RATIO)
    )


def leader(points: Points, objective_ms: float) -> Batching | None:
    """The winner or, where none meets the objective, what comes nearest to it."""
    return choose(points, objective_ms) or nearest(points)


def nearest(points: Points) -> Batching | None:
    """The lowest p95 of all that answered; None where nothing did."""
    answered = _meeting(points, float("inf"))
    return min(answered, key=lambda batching: (answered[batching][1], batching), default=None)


def finalists(
    points: Points, objective_ms: float, *, start: Batching, count: int
) -> list[Batching]:
    """What to measure again, several times: the best few, and what is configured now.

    `start` is among them so that the gain is measured in the same minutes as the winner.
    """
    fit = _meeting(points, objective_ms)
    ranked = sorted(fit, key=lambda batching: (-fit[batching][0].frames_per_s, batching))
    if not ranked:
        chosen = [batching for batching in [nearest(points)] if batching is not None]
    else:
        enough_per_s = fit[ranked[0]][0].frames_per_s * (1 - FINALIST_RATIO)
        chosen = [b for b in ranked if fit[b][0].frames_per_s >= enough_per_s][:count]
    if start not in chosen and points.get(start) is not None:
        chosen.append(start)
    return chosen


def _meeting(points: Points, objective_ms: float) -> dict[Batching, tuple[Measurement, float]]:
    """With the p95; one that failed a request meets no objective."""
    return {
        batching: (measured, measured.p95_ms)
        for batching, measured in points.items()
        if measured is not None
        and not measured.failed
        and measured.p95_ms is not None
        and measured.p95_ms <= objective_ms
    }
