"""A long series of readings in few points."""

MOST_POINTS = 120
FIRST_SPAN_S = 5.0
# 120 of these are ten hours: what was before says nothing of today.
LONGEST_SPAN_S = 320.0


class FloorSeries:
    """Keeps the least reading of each span of time: what memory falls back to when it is cleared.

    When there are too many points the spans become twice as long, and from LONGEST_SPAN_S on the
    oldest point is let go.
    """

    def __init__(self, most_points: int = MOST_POINTS, first_span_s: float = FIRST_SPAN_S) -> None:
        self._most_points = most_points
        self._span_s = first_span_s
        self._start_s: float | None = None
        # Number of the span → least reading, in order; the last one is not complete.
        self._floors: dict[int, float] = {}

    def add(self, at_s: float, value: float) -> bool:
        """Returns whether this has completed a point."""
        if self._start_s is None:
            self._start_s = at_s
        number = self._number(at_s)
        is_new = number not in self._floors
        self._floors[number] = min(value, self._floors.get(number, value))
        # With gaps between them, spans of twice the length may be as many.
        while len(self._floors) > self._most_points:
            self._shrink()
        return is_new and len(self._floors) > 1

    def points(self) -> list[tuple[float, float]]:
        """Seconds since the first reading and the floor; the span that is not over is left out."""
        return [(number * self._span_s, floor) for number, floor in self._floors.items()][:-1]

    def _number(self, at_s: float) -> int:
        return int((at_s - (self._start_s or 0.0)) // self._span_s)

    def _shrink(self) -> None:
        if self._span_s >= LONGEST_SPAN_S:
            del self._floors[next(iter(self._floors))]
            return
        self._span_s *= 2
        pairs: dict[int, float] = {}
        for number, floor in self._floors.items():
            pairs[number // 2] = min(floor, pairs.get(number // 2, floor))
        self._floors = pairs
