"""When a process that died is started again, and when that has gone on for long enough."""

from collections.abc import Mapping

# More deaths than this in as many seconds are not an accident any more.
MOST_DEATHS = 10
WITHIN_S = 120.0
LONGEST_PAUSE_S = 8.0


class Revival:
    """The deaths of one stack's processes, on any clock."""

    def __init__(self) -> None:
        self._deaths_s: dict[str, list[float]] = {}
        self._due_s: dict[str, float] = {}

    @property
    def due(self) -> Mapping[str, float]:
        """When each process that is dead is to be started again."""
        return self._due_s

    def died(self, name: str, now_s: float) -> float | None:
        """Note a death; how long to wait, or None where it died too often to go on.

        The first time not at all: each one soon after it waits twice as long, since what it needs,
        a port for one, may still be another's.
        """
        recent = [death_s for death_s in self._deaths_s.get(name, []) if now_s - death_s < WITHIN_S]
        self._deaths_s[name] = [*recent, now_s]
        if len(recent) >= MOST_DEATHS:
            return None
        pause_s = min(LONGEST_PAUSE_S, 2.0 ** (len(recent) - 1)) if recent else 0.0
        self._due_s[name] = now_s + pause_s
        return pause_s

    def take_due(self, now_s: float) -> list[str]:
        """Names of what is to be started now."""
        names = [name for name, due_s in self._due_s.items() if due_s <= now_s]
        for name in names:
            del self._due_s[name]
        return names
