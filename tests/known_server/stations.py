"""A queue before workers of one fixed service time, as a timetable; the clock is handed in."""

import heapq
import math
from collections import deque
from typing import NamedTuple


class Visit(NamedTuple):
    arrived_s: float
    began_s: float
    ended_s: float

    @property
    def queue_s(self) -> float:
        return self.began_s - self.arrived_s

    @property
    def service_s(self) -> float:
        return self.ended_s - self.began_s


class Station:
    """First come, first served.

    Beginning and end of a visit are settled at its arrival: a timer that fires late delays one
    answer and not those behind it, so the capacity is workers ÷ service time on any machine.

    Args:
        workers: None for as many as there are visits.
        queue_limit: how many may wait; None for any number.
    """

    def __init__(
        self, service_s: float, *, workers: int | None = None, queue_limit: int | None = None
    ) -> None:
        self._service_s = service_s
        self._free_s = None if workers is None else [-math.inf] * workers
        self._queue_limit = queue_limit
        self._begins_s: deque[float] = deque()

    def waiting(self, now_s: float) -> int:
        while self._begins_s and self._begins_s[0] <= now_s:
            self._begins_s.popleft()
        return len(self._begins_s)

    def admit(self, now_s: float) -> Visit | None:
        """Settle a visit that arrives now, not before the last one; None where it has no room."""
        if self._free_s is None:
            return Visit(now_s, now_s, now_s + self._service_s)
        began_s = max(now_s, self._free_s[0])
        must_wait = began_s > now_s
        if must_wait and self._queue_limit is not None and self.waiting(now_s) >= self._queue_limit:
            return None
        ended_s = began_s + self._service_s
        heapq.heapreplace(self._free_s, ended_s)
        if must_wait:
            self._begins_s.append(began_s)
        return Visit(now_s, began_s, ended_s)
