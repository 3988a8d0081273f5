"""From judged stages to a number of cameras."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loadtest._analysis._findings import Capacity


@dataclass(frozen=True)
class Judged:
    """One number of users and what came of it.

    Attributes:
        passed: None where nothing can be said.
        spare_percents: what was measured → how far it stayed from its limit, in percent of it.
    """

    users: int
    passed: bool | None
    spare_percents: Mapping[str, float]


def capacity(stages: Sequence[Judged], *, within: str, interval_s: float) -> Capacity:
    """The largest number that passed, with none below it that did not.

    Args:
        within: the objective in words.
        interval_s: between two frames of a camera.
    """
    carried: Judged | None = None
    doubtful: int | None = None
    fails_at: int | None = None
    for stage in sorted(stages, key=lambda stage: (stage.users, stage.passed is True)):
        if stage.passed is None:
            doubtful = doubtful or stage.users
        elif not stage.passed:
            fails_at = fails_at or stage.users
        elif doubtful is None and fails_at is None:
            carried = stage
    if carried is None:
        return Capacity(None, fails_at, None, _none_carried(fails_at, within))
    nearest = min(carried.spare_percents.items(), key=lambda item: item[1], default=None)
    spare_percent = None if nearest is None else max(0.0, nearest[1])
    pace = f"at one frame per {interval_s:g} s"
    more = "" if fails_at is not None else "at least "
    sentence = f"carries {more}{cameras(carried.users)} {pace} within {within}"
    if nearest is not None:
        sentence += f", {spare_percent:.0f} % to spare (nearest limit: {nearest[0]})"
    if fails_at is not None:
        sentence += f"; {fails_at} are too many"
    return Capacity(carried.users, fails_at, spare_percent, sentence)


def cameras(count: int) -> str:
    return f"{count} camera{'' if count == 1 else 's'}"


def _none_carried(fails_at: int | None, within: str) -> str:
    if fails_at is None:
        return "nothing can be said of how many cameras it carries"
    return f"does not carry {cameras(fails_at)} within {within}, and fewer were not shown to pass"
