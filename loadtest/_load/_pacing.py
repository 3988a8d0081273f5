"""When a user sends: its own phase within the interval, then one frame per interval."""

import math
import random

GOLDEN_RATIO = (math.sqrt(5) - 1) / 2


def phase_ratio(index: int, *, seed: int, worker: int = 0) -> float:
    """Where in the interval the index-th user of a worker sends, from 0 to 1.

    Steps of the golden ratio keep any first N users evenly apart, so that a stage needs no
    users of the stage before it to move.
    """
    rotation = random.Random(f"{seed}:{worker}").random()
    return (rotation + index * GOLDEN_RATIO) % 1.0


class Pacer:
    """One user's timetable on a monotonic clock shared by all users.

    A frame that is answered late makes the next one late, and the timetable moves with it:
    a camera page skips frames, it does not catch up. A fixed timetable stays as it is.
    """

    def __init__(
        self, *, now_s: float, interval_s: float, ratio: float, fixed: bool = False
    ) -> None:
        self._interval_s = interval_s
        self._fixed = fixed
        self._intended_s = now_s + (ratio * interval_s - now_s) % interval_s

    @property
    def intended_s(self) -> float:
        return self._intended_s

    def wait_s(self, now_s: float) -> float:
        return max(0.0, self._intended_s - now_s)

    def advance(self, *, started_s: float) -> None:
        """Set the next intended start after a frame that began at started_s.

        Small lateness of the scheduler is not carried along; a backlog is dropped, or kept where
        the timetable is fixed.
        """
        following_s = self._intended_s + self._interval_s
        if started_s >= following_s and not self._fixed:
            following_s = started_s + self._interval_s
        self._intended_s = following_s
