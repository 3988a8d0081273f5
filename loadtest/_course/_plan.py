"""What a run shall do: its stages, how long each may take, and what may be decided on the way."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from loadtest._course._search import MOST_GROWTH, RESOLUTION_RATIO, Search

# A single user before all else; a stage of the plan; one of the search for the breaking point; all
# users at once, one request each; few users again after the overload.
StageKind = Literal["baseline", "stage", "search", "burst", "recovery"]
# Those that say how many cameras are carried, and those that bear on the outcome.
SIZING: tuple[StageKind, ...] = ("stage", "search")
COUNTED: tuple[StageKind, ...] = (*SIZING, "burst")

# Locust warns that spawning faster than this upsets its own timing.
MAX_SPAWN_RATE_PER_S = 100.0
# A stage that cannot get its samples ends after this many times what it should have taken.
PATIENCE_RATIO = 3.0
MIN_RAMP_PATIENCE_S = 30.0


@dataclass(frozen=True)
class Step:
    kind: StageKind
    users: int


@dataclass(frozen=True)
class Load:
    users: int
    spawn_rate_per_s: float


@dataclass(frozen=True)
class StageWindow:
    """When one stage was measured, in seconds since the epoch."""

    index: int
    users: int
    ramp_started_s: float
    dwell_started_s: float
    dwell_ended_s: float
    reached_users: bool = True
    completed: bool = True
    kind: StageKind = "stage"

    @property
    def duration_s(self) -> float:
        return self.dwell_ended_s - self.dwell_started_s

    def holds(self, at_s: float) -> bool:
        return self.dwell_started_s <= at_s < self.dwell_ended_s


@dataclass(frozen=True)
class Plan:
    """
    Attributes:
        baseline_s: how long a single user is measured before the stages; 0 for not at all.
        recovery_s: how long the fewest users are measured after the last stage; 0: not at all.
        min_samples: answers that a stage waits for, beyond its duration.
        max_drain_s: the longest an answer may take.
        report_delay_s: how long after an answer the one who judges may still not know of it.
    """

    stages: tuple[int, ...]
    stage_duration_s: float
    warmup_s: float
    think_time_s: float
    min_samples: int
    max_drain_s: float
    baseline_s: float = 0.0
    recovery_s: float = 0.0
    burst: bool = False
    search: bool = False
    report_delay_s: float = 0.0

    def steps(self, search: Search) -> Iterator[Step]:
        """The stages in their order; `search` is asked anew whenever the next one is taken."""
        if self.burst:
            yield from (Step("burst", users) for users in self.stages)
            return
        if self.baseline_s:
            yield Step("baseline", 1)
        if self.search:
            while (users := search.next_users()) is not None:
                yield Step("stage" if search.climbing else "search", users)
        else:
            yield from (Step("stage", users) for users in self.stages)
        if self.recovery_s:
            yield Step("recovery", min(self.stages))

    def dwell_s(self, step: Step) -> float:
        """How long a stage lasts at least."""
        if step.kind == "baseline":
            return self.baseline_s
        if step.kind == "recovery":
            return self.recovery_s
        return 0.0 if step.kind == "burst" else self.stage_duration_s

    def needed_samples(self, step: Step) -> int:
        """How many good answers a stage waits for; of a burst, answers of any kind."""
        if step.kind == "burst":
            return step.users
        return self.min_samples if step.kind in SIZING else 0

    def max_dwell_s(self, step: Step) -> float:
        if step.kind == "burst":
            return PATIENCE_RATIO * self.max_drain_s
        needed_s = self.needed_samples(step) * self.think_time_s / step.users
        return PATIENCE_RATIO * max(self.dwell_s(step), needed_s)

    def max_ramp_s(self, spawn_count: int) -> float:
        needed_s = spawn_count / MAX_SPAWN_RATE_PER_S + self.think_time_s
        return max(MIN_RAMP_PATIENCE_S, PATIENCE_RATIO * needed_s)

    @property
    def longest_s(self) -> float:
        """No run takes longer than this."""
        most_users = max(self.stages)
        steps = [
            Step("baseline", 1),
            *(Step("burst" if self.burst else "stage", users) for users in self.stages),
            Step("recovery", 1),
        ]
        if self.search:
            fewest = min(self.stages)
            doublings = round(math.log2(MOST_GROWTH))
            halvings = fewest.bit_length() + math.ceil(math.log2(1 / RESOLUTION_RATIO))
            steps += [Step("search", fewest)] * doublings
            steps += [Step("search", max(1, fewest >> nth)) for nth in range(1, halvings + 1)]
            most_users *= MOST_GROWTH
        # A drain, and after a stage that failed a rest as long.
        ends_s = self.warmup_s + 2 * self.max_drain_s + self.report_delay_s
        return sum(self.max_ramp_s(most_users) + self.max_dwell_s(s) + ends_s for s in steps)
