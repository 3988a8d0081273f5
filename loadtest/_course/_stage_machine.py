"""A plan as a state machine; the clock, the user count and the answers are handed in."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from loadtest._course._plan import MAX_SPAWN_RATE_PER_S, SIZING, Load, Plan, StageWindow, Step
from loadtest._course._search import Search
from loadtest._options import MAX_USERS

Phase = Literal["rest", "ramp", "warmup", "dwell", "drain", "done"]

MIN_DRAIN_S = 0.5
RESTING = Load(1, float(MAX_USERS))


def _never_asked(_: StageWindow) -> bool | None:
    raise AssertionError("only a search asks")


class StageMachine:
    """Walks through ramp, warm-up and dwell of every stage.

    A drain follows where it matters that every answer is in: before the search decides, and at the
    end. After a stage that failed, the search lets the system rest: the next number must not pay
    for the queue that this one left.

    Args:
        judge: whether a stage that was measured has passed; None where that cannot be said. Asked
            during a search only.
    """

    def __init__(
        self,
        plan: Plan,
        now_s: float,
        judge: Callable[[StageWindow], bool | None] = _never_asked,
    ) -> None:
        self.plan = plan
        self.search = Search(plan.stages)
        self.windows: list[StageWindow] = []
        self.phase: Phase = "ramp"
        self._judge = judge
        self._steps = plan.steps(self.search)
        self._index = 0
        self._step = next(self._steps)
        self._previous_users = 0
        self._phase_started_s = now_s
        self._reached_at_s: float | None = None
        self._open: StageWindow | None = None
        self._ramp_started_s = now_s
        self._rest_s = 0.0

    @property
    def step_under_way(self) -> Step:
        return self._step

    @property
    def users(self) -> int:
        return self._step.users

    @property
    def dwell_started_s(self) -> float | None:
        """Of the dwell under way, or of the last one while its answers still come in."""
        if self.phase == "drain":
            return self.windows[-1].dwell_started_s
        return self._open.dwell_started_s if self._open else None

    @property
    def phase_started_s(self) -> float:
        return self._phase_started_s

    @property
    def bursting(self) -> bool:
        """True while the users of a burst shall send, once each."""
        return self.phase == "dwell" and self._step.kind == "burst"

    def step(
        self,
        now_s: float,
        *,
        user_count: int,
        samples: int,
        slowest_ms: float | None,
        requests: int = 0,
    ) -> Load | None:
        """Move on as far as the clock and the users allow.

        Args:
            now_s: Seconds since the epoch.
            user_count: Users running now.
            samples: Good answers to requests that began in the dwell under way.
            slowest_ms: The slowest answer of that dwell; None while workers have sent none.
            requests: Answers of any kind to such requests.

        Returns:
            The load to hold until the next step; None once the plan is done.
        """
        if self.phase == "rest" and now_s - self._phase_started_s >= self._rest_s:
            self._to("ramp", now_s)
        if self.phase == "ramp":
            self._ramp(now_s, user_count)
        if self.phase == "warmup" and now_s - self._phase_started_s >= self._warmup_s:
            self._begin_dwell(now_s)
        elif self.phase == "dwell":
            answered = requests if self._step.kind == "burst" else samples
            if self._dwelt_enough(now_s, answered):
                self._end_dwell(now_s)
        elif self.phase == "drain" and self._drained(now_s, slowest_ms):
            self._decide(now_s, slowest_ms)
        if self.phase == "done":
            return None
        if self.phase == "rest":
            return RESTING
        change = self.users - self._previous_users
        # Only to begin with takes users time.
        rate_per_s = min(float(change), MAX_SPAWN_RATE_PER_S) if change > 0 else float(-change)
        return Load(self.users, max(1.0, rate_per_s))

    def interrupt(self, now_s: float) -> None:
        """Close the dwell under way, if any, as not completed."""
        if self._open is not None:
            self.windows.append(replace(self._open, dwell_ended_s=now_s, completed=False))
            self._open = None

    @property
    def measured_everything(self) -> bool:
        """Whether every stage that gets a verdict has been measured."""
        if self.phase == "done" or self._step.kind == "recovery":
            return True
        return self.phase == "drain" and not self.plan.search and not self.plan.recovery_s

    @property
    def _warmup_s(self) -> float:
        return 0.0 if self._step.kind == "burst" else self.plan.warmup_s

    def _ramp(self, now_s: float, user_count: int) -> None:
        if user_count != self.users:
            self._reached_at_s = None
        elif self._reached_at_s is None:
            self._reached_at_s = now_s
        # Users begin at their own moment within one interval: only then are all of them at work.
        settled_s = 0.0 if self._step.kind == "burst" else self.plan.think_time_s
        settled = self._reached_at_s is not None and now_s - self._reached_at_s >= settled_s
        change = abs(self.users - self._previous_users)
        if settled or now_s - self._phase_started_s >= self.plan.max_ramp_s(change):
            self._to("warmup", now_s)

    def _begin_dwell(self, now_s: float) -> None:
        self._to("dwell", now_s)
        self._open = StageWindow(
            index=self._index,
            users=self.users,
            ramp_started_s=self._ramp_started_s,
            dwell_started_s=now_s,
            dwell_ended_s=now_s,
            reached_users=self._reached_at_s is not None,
            kind=self._step.kind,
        )

    def _dwelt_enough(self, now_s: float, answered: int) -> bool:
        dwelt_s = now_s - self._phase_started_s
        if dwelt_s >= self.plan.max_dwell_s(self._step):
            return True
        needed = self.plan.needed_samples(self._step)
        return dwelt_s >= self.plan.dwell_s(self._step) and answered >= needed

    def _end_dwell(self, now_s: float) -> None:
        assert self._open is not None
        window = replace(self._open, dwell_ended_s=now_s)
        self.windows.append(window)
        self._open = None
        if self._searching:
            self._to("drain", now_s)
        else:
            self._take_next(now_s)

    @property
    def _searching(self) -> bool:
        return self.plan.search and self._step.kind in SIZING

    def _decide(self, now_s: float, slowest_ms: float | None) -> None:
        failed = False
        if self._searching:
            passed = self._judge(self.windows[-1])
            self.search.learn(self.users, passed)
            failed = passed is False
        self._take_next(now_s)
        if failed and self.phase == "ramp":
            self._previous_users = RESTING.users
            self._rest_s = self._slowest_s(slowest_ms)
            self._to("rest", now_s)

    def _take_next(self, now_s: float) -> None:
        following = next(self._steps, None)
        if following is None:
            # After a search's last stage, the answers are in already.
            self._to("done" if self.phase == "drain" else "drain", now_s)
            return
        self._previous_users = self.users
        self._step = following
        self._index += 1
        self._reached_at_s = None
        self._ramp_started_s = now_s
        if following.kind == "recovery":
            # How long the way back takes is what this stage is for.
            self._reached_at_s = now_s
            self._begin_dwell(now_s)
        else:
            self._to("ramp", now_s)

    def _drained(self, now_s: float, slowest_ms: float | None) -> bool:
        # Requests still under way belong to the stage; the load stays on until they are answered.
        needed_s = self._slowest_s(slowest_ms) + self.plan.report_delay_s
        return now_s - self._phase_started_s >= needed_s

    def _slowest_s(self, slowest_ms: float | None) -> float:
        """How long the slowest answer took, which is also how long the queue was."""
        slowest_s = self.plan.max_drain_s if slowest_ms is None else slowest_ms / 1000
        return min(self.plan.max_drain_s, max(MIN_DRAIN_S, slowest_s))

    def _to(self, phase: Phase, now_s: float) -> None:
        self.phase = phase
        self._phase_started_s = now_s
