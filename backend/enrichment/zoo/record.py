"""What the zoo knows of one model at this moment."""

from dataclasses import dataclass, field

from backend.enrichment.zoo.eviction import Resident
from backend.enrichment.zoo.states import LOADABLE, TRANSITIONS, Policy, State, ZooModel


@dataclass(slots=True)
class Record:
    """Attributes:
    since_s: of the state.
    changes: of the state, ever; tells whether it is still what it was at an earlier look.
    holders: leases by thread; `leases` is their sum.
    waiting: callers that will take a lease as soon as they can.
    departures: how often it was gone.
    failed_loads: ever; a caller that sees it grow knows that its load failed.
    failures: in a row.
    retry_at_s: before this a failed model is not tried again.
    """

    model: ZooModel
    state: State = State.ABSENT
    since_s: float = 0.0
    changes: int = 0
    loaded_at_s: float = 0.0
    last_used_s: float = 0.0
    leases: int = 0
    holders: dict[int, int] = field(default_factory=dict)
    waiting: int = 0
    pinned: bool = False
    load_s: float | None = None
    unload_s: float | None = None
    departures: int = 0
    failed_loads: int = 0
    failures: int = 0
    retry_at_s: float = 0.0
    reason: str | None = None

    def become(self, state: State, now_s: float) -> None:
        assert state in TRANSITIONS[self.state], f"{self.model.name}: {self.state} → {state}"
        self.state, self.since_s = state, now_s
        self.changes += 1

    def grants_to(self, thread: int) -> bool:
        """Whether a lease can be had at once.

        One inside another of the same thread is granted while the model drains: the drain waits
        for that thread, which must not wait for the drain.
        """
        return self.state is State.READY or (
            self.state is State.DRAINING and thread in self.holders
        )

    def take(self, thread: int, now_s: float) -> None:
        self.leases += 1
        self.holders[thread] = self.holders.get(thread, 0) + 1
        self.last_used_s = now_s

    def give_back(self, thread: int, now_s: float) -> None:
        self.leases -= 1
        if self.holders[thread] == 1:
            del self.holders[thread]
        else:
            self.holders[thread] -= 1
        self.last_used_s = now_s

    def loadable(self, now_s: float) -> bool:
        return self.state in LOADABLE and now_s >= self.retry_at_s

    def loaded(self, load_s: float | None, now_s: float) -> None:
        self.become(State.READY, now_s)
        self.loaded_at_s = self.last_used_s = now_s
        self.failures, self.retry_at_s, self.reason = 0, 0.0, None
        if load_s is not None:
            self.load_s = smoothed(self.load_s, load_s)

    def failed(self, reason: str, now_s: float, policy: Policy) -> None:
        """Note a failed load; the last of too many in a row starts the back-off."""
        self.failed_loads += 1
        self.failures += 1
        self.reason = reason
        if (beyond := self.failures - policy.failures_allowed) >= 0:
            backoff_s = min(policy.longest_backoff_s, policy.backoff_s * 2 ** min(beyond, 30))
            self.retry_at_s = now_s + backoff_s

    def resident(self, size_bytes: int) -> Resident:
        return Resident(
            self.model.name,
            self.model.priority,
            size_bytes,
            self.loaded_at_s,
            self.last_used_s,
            self.leases + self.waiting,
            self.pinned,
            self.load_s,
        )


def smoothed(before_s: float | None, measured_s: float) -> float:
    return measured_s if before_s is None else (before_s + measured_s) / 2
