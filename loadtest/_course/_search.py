"""The search for the breaking point: climb until a number of users fails, then bisect."""

from collections.abc import Sequence

# Two neighbouring numbers nearer than this are one answer: a stage is no finer a measurement.
RESOLUTION_RATIO = 0.05
# How far above the last planned stage the search goes on doubling.
MOST_GROWTH = 16


class Search:
    """Numbers of users to try, and what came of them.

    Args:
        climb: ascending numbers to begin with.

    Attributes:
        passed: the largest number that passed, 0 before any did.
        failed: the smallest number that failed.
        stuck_at: a number of which nothing could be said, which ends the search.
    """

    def __init__(self, climb: Sequence[int]) -> None:
        self._climb = sorted(set(climb))
        self._most = self._climb[-1] * MOST_GROWTH
        self.passed = 0
        self.failed: int | None = None
        self.stuck_at: int | None = None

    @property
    def climbing(self) -> bool:
        """Whether the next number is one of those to begin with."""
        return self.failed is None and self.passed < self._climb[-1]

    @property
    def ended(self) -> bool:
        return self.next_users() is None

    def next_users(self) -> int | None:
        """None where no other number would tell more."""
        if self.stuck_at is not None:
            return None
        if self.failed is None:
            higher = [users for users in self._climb if users > self.passed]
            doubled = 2 * self.passed
            return higher[0] if higher else (doubled if doubled <= self._most else None)
        if self.failed - self.passed <= max(1.0, RESOLUTION_RATIO * self.failed):
            return None
        return (self.passed + self.failed) // 2

    def learn(self, users: int, passed: bool | None) -> None:
        """Take in what came of a number of users; None is that nothing can be said of it."""
        if passed is None:
            self.stuck_at = users
        elif passed:
            self.passed = max(self.passed, users)
        else:
            self.failed = users if self.failed is None else min(self.failed, users)
