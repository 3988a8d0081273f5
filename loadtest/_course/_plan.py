"""The stages of a run as a state machine; the clock and the user count are handed in."""

from dataclasses import dataclass, replace
from typing import Literal

Phase = Literal["ramp", "warmup", "dwell", "drain", "done"]
# A single user before all else; a stage of the plan; one of the search for the breaking point; all
# users at once, one request each; few users again after the overload.
StageKind = Literal["baseline", "stage", "search", "burst", "recovery"]

# Locust warns that spawning faster than this upsets its own timing.
MAX_SPAWN_RATE_PER_S = 100.0
# A stage that cannot get its samples ends after this many times what it should have taken.
PATIENCE_RATIO = 3.0
MIN_RAMP_PATIENCE_S = 30.0
MIN_DRAIN_S = 0.5


@dataclass(frozen=True)
class Plan:
    stages: tuple[int, ...]
    stage_duration_s: float
    warmup_s: float
    think_time_s: float
    min_samples: int
    max_drain_s: float

    def expected_dwell_s(self, users: int) -> float:
        return max(self.stage_duration_s, self.min_samples * self.think_time_s / users)

    def max_dwell_s(self, users: int) -> float:
        return PATIENCE_RATIO * self.expected_dwell_s(users)

    def max_ramp_s(self, spawn_count: int) -> float:
        needed_s = spawn_count / MAX_SPAWN_RATE_PER_S + self.think_time_s
        return max(MIN_RAMP_PATIENCE_S, PATIENCE_RATIO * needed_s)

    @property
    def longest_s(self) -> float:
        """No run takes longer than this."""
        ramps_s = sum(self.max_ramp_s(users) for users in self.stages)
        dwells_s = sum(self.max_dwell_s(users) for users in self.stages)
        return ramps_s + dwells_s + len(self.stages) * self.warmup_s + self.max_drain_s


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
class Load:
    users: int
    spawn_rate_per_s: float


class StageMachine:
    """Walks through ramp, warm-up and dwell of every stage, then a drain of the last one."""

    def __init__(self, plan: Plan, now_s: float) -> None:
        self.plan = plan
        self.windows: list[StageWindow] = []
        self.phase: Phase = "ramp"
        self._index = 0
        self._previous_users = 0
        self._phase_started_s = now_s
        self._reached_at_s: float | None = None
        self._open: StageWindow | None = None
        self._ramp_started_s = now_s

    @property
    def stage_index(self) -> int:
        return self._index

    @property
    def users(self) -> int:
        return self.plan.stages[self._index]

    @property
    def dwell_started_s(self) -> float | None:
        """Of the dwell under way, or of the last one while its answers still come in."""
        if self.phase == "drain":
            return self.windows[-1].dwell_started_s
        return self._open.dwell_started_s if self._open else None

    @property
    def phase_started_s(self) -> float:
        return self._phase_started_s

    def step(
        self, now_s: float, *, user_count: int, samples: int, slowest_ms: float | None
    ) -> Load | None:
        """Move on as far as the clock and the users allow.

        Args:
            now_s: Seconds since the epoch.
            user_count: Users running now.
            samples: Good answers to requests that began in the dwell under way.
            slowest_ms: The slowest answer of that dwell; None while workers have sent none.

        Returns:
            The load to hold until the next step; None once the plan is done.
        """
        if self.phase == "ramp":
            self._ramp(now_s, user_count)
        if self.phase == "warmup" and now_s - self._phase_started_s >= self.plan.warmup_s:
            self._begin_dwell(now_s)
        elif self.phase == "dwell" and self._dwelt_enough(now_s, samples):
            self._end_dwell(now_s)
        elif self.phase == "drain" and self._drained(now_s, slowest_ms):
            self.phase = "done"
        if self.phase == "done":
            return None
        change = abs(self.users - self._previous_users)
        return Load(self.users, max(1.0, min(float(change), MAX_SPAWN_RATE_PER_S)))

    def interrupt(self, now_s: float) -> None:
        """Close the dwell under way, if any, as not completed."""
        if self._open is not None:
            self.windows.append(replace(self._open, dwell_ended_s=now_s, completed=False))
            self._open = None

    @property
    def measured_everything(self) -> bool:
        return self.phase in ("drain", "done")

    def _ramp(self, now_s: float, user_count: int) -> None:
        if user_count != self.users:
            self._reached_at_s = None
            change = abs(self.users - self._previous_users)
            if now_s - self._phase_started_s < self.plan.max_ramp_s(change):
                return
        elif self._reached_at_s is None:
            self._reached_at_s = now_s
        # Users begin at their own moment within one interval: only then are all of them at work.
        if self._reached_at_s is None or now_s - self._reached_at_s >= self.plan.think_time_s:
            self.phase = "warmup"
            self._phase_started_s = now_s

    def _begin_dwell(self, now_s: float) -> None:
        self.phase = "dwell"
        self._phase_started_s = now_s
        self._open = StageWindow(
            index=self._index,
            users=self.users,
            ramp_started_s=self._ramp_started_s,
            dwell_started_s=now_s,
            dwell_ended_s=now_s,
            reached_users=self._reached_at_s is not None,
        )

    def _dwelt_enough(self, now_s: float, samples: int) -> bool:
        dwelt_s = now_s - self._phase_started_s
        if dwelt_s >= self.plan.max_dwell_s(self.users):
            return True
        return dwelt_s >= self.plan.stage_duration_s and samples >= self.plan.min_samples

    def _end_dwell(self, now_s: float) -> None:
        assert self._open is not None
        self.windows.append(replace(self._open, dwell_ended_s=now_s))
        self._open = None
        self._phase_started_s = now_s
        if self._index + 1 == len(self.plan.stages):
            self.phase = "drain"
            return
        self._previous_users = self.users
        self._index += 1
        self._reached_at_s = None
        self._ramp_started_s = now_s
        self.phase = "ramp"

    def _drained(self, now_s: float, slowest_ms: float | None) -> bool:
        # Requests still under way belong to the stage; the load stays on until they are answered.
        slowest_s = self.plan.max_drain_s if slowest_ms is None else slowest_ms / 1000
        needed_s = min(self.plan.max_drain_s, max(MIN_DRAIN_S, slowest_s))
        return now_s - self._phase_started_s >= needed_s
