"""What a model of the zoo is, what state it can be in, and which state may follow which."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Priority(IntEnum):
    """The lower the number, the later a model is evicted."""

    CRITICAL = 0
    HIGH = 1
    MEDIUM = 2
    LOW = 3


class State(StrEnum):
    ABSENT = "absent"
    LOADING = "loading"
    READY = "ready"
    DRAINING = "draining"  # grants no new lease; unloaded when the last one ends
    UNLOADING = "unloading"  # asked for; the server's index does not say "unloaded" yet
    VERIFYING = "verifying"  # "unloaded", but its memory has not been seen to come back
    FAILED = "failed"  # failed several times in a row; not tried again for a while
    STUCK = "stuck"  # the server did not say in time what became of a load or unload


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.ABSENT: frozenset({State.LOADING, State.READY}),
    State.LOADING: frozenset({State.READY, State.VERIFYING, State.STUCK}),
    State.READY: frozenset({State.DRAINING, State.VERIFYING}),
    State.DRAINING: frozenset({State.READY, State.UNLOADING, State.VERIFYING}),
    State.UNLOADING: frozenset({State.VERIFYING, State.STUCK}),
    State.VERIFYING: frozenset({State.ABSENT, State.FAILED}),
    State.FAILED: frozenset({State.LOADING, State.READY}),
    State.STUCK: frozenset({State.READY, State.VERIFYING}),
}
LOADABLE = frozenset({State.ABSENT, State.FAILED})
LEAVING = frozenset({State.DRAINING, State.UNLOADING, State.VERIFYING})


@dataclass(frozen=True)
class ZooModel:
    """What the zoo must know of a model.

    Attributes:
        estimate_bytes: of memory at the largest batch; 0 for a model that needs none of the budget.
    """

    name: str
    priority: Priority
    estimate_bytes: int
    enabled: bool = True


@dataclass(frozen=True)
class Measured:
    """What earlier loads taught of a model."""

    peak_bytes: int | None = None
    load_s: float | None = None


@dataclass(frozen=True)
class Policy:
    """The rules of one zoo.

    Attributes:
        minimum_residence_s: a model younger than this is not evicted, so that two models that do
            not fit together do not push each other out with every request.
        lease_timeout_s: how long a caller waits who names no deadline.
        load_timeout_s: after this a load without an outcome is stuck; likewise the others.
        release_tolerance_bytes: memory that may stay behind without being missed.
        failures_allowed: loads that fail in a row before the model is left alone.
        backoff_s: for how long; doubled each time, up to `longest_backoff_s`.
        outgrown_ratio: a model that holds this many times its size is unloaded.
        quarantine_limit_bytes: with more than this not come back, a restart is advised.
        poll_s: between two looks at the server.
    """

    budget_bytes: int
    minimum_residence_s: float = 2.0
    idle_s: float = 300.0
    lease_timeout_s: float = 30.0
    load_timeout_s: float = 120.0
    unload_timeout_s: float = 30.0
    release_timeout_s: float = 5.0
    release_tolerance_bytes: int = 16 * 2**20
    assumed_load_s: float = 2.0
    failures_allowed: int = 3
    backoff_s: float = 30.0
    longest_backoff_s: float = 600.0
    outgrown_ratio: float = 1.5
    quarantine_limit_bytes: int = 2**30
    poll_s: float = 0.02
