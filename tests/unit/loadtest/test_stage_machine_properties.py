"""Whatever users, answers and verdicts do, a run ends in time and its stages lie apart."""

import itertools
from dataclasses import dataclass
from typing import TypeVar

from hypothesis import example, given
from hypothesis import strategies as st

from loadtest._course._plan import Plan, Step
from loadtest._course._stage_machine import StageMachine

START_S = 1000.0
# Of one stage: ramp, warm-up, dwell and drain; each may end up to a tick late.
PHASES = 4

T = TypeVar("T")


@dataclass(frozen=True)
class World:
    """What the machine sees. Sequences are gone through once a tick, again and again.

    Attributes:
        arrive_after_s: how long the users of a stage take to be there; None for ever.
        missing: whether a user is missing then all the same.
        answers_per_s: good answers.
        slowest_ms: None: no answer is known of.
        passes: what a search is told of its stages; None is that nothing can be said.
    """

    ticks_s: tuple[float, ...] = (1.0,)
    arrive_after_s: float | None = 0.0
    missing: tuple[bool, ...] = (False,)
    answers_per_s: float = 0.0
    slowest_ms: float | None = None
    passes: tuple[bool | None, ...] = (True,)


def cycle_of(values: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(values, min_size=1, max_size=5).map(tuple)


plans = st.builds(
    Plan,
    stages=st.lists(st.integers(1, 1000), min_size=1, max_size=4).map(tuple),
    stage_duration_s=st.floats(0.1, 30.0),
    warmup_s=st.floats(0.0, 10.0),
    think_time_s=st.floats(0.01, 20.0),
    min_samples=st.integers(0, 200),
    max_drain_s=st.floats(0.1, 10.0),
    baseline_s=st.sampled_from([0.0, 10.0]),
    recovery_s=st.sampled_from([0.0, 10.0]),
    burst=st.booleans(),
    report_delay_s=st.sampled_from([0.0, 3.0]),
)
searches = st.builds(
    Plan,
    stages=st.lists(st.integers(1, 1000), min_size=1, max_size=3).map(tuple),
    stage_duration_s=st.floats(0.1, 30.0),
    warmup_s=st.floats(0.0, 10.0),
    think_time_s=st.floats(0.01, 20.0),
    min_samples=st.integers(0, 40),
    max_drain_s=st.floats(0.1, 10.0),
    baseline_s=st.sampled_from([0.0, 10.0]),
    recovery_s=st.sampled_from([0.0, 10.0]),
    search=st.just(True),
)
worlds = st.builds(
    World,
    ticks_s=cycle_of(st.floats(1.0, 5.0)),
    arrive_after_s=st.none() | st.floats(0.0, 60.0),
    missing=cycle_of(st.booleans()),
    answers_per_s=st.floats(0.0, 100.0),
    slowest_ms=st.none() | st.floats(0.0, 60_000.0),
    passes=cycle_of(st.sampled_from([True, False, None])),
)
STUBBORN = World(arrive_after_s=None)
LATE = World(ticks_s=(0.5,), arrive_after_s=60.0)


def walk(plan: Plan, world: World) -> tuple[StageMachine, float]:
    """The machine after its last step, and when that was."""
    verdicts = itertools.cycle(world.passes)
    machine = StageMachine(plan, START_S, lambda _: next(verdicts))
    now_s = stage_began_s = START_S
    ticks_s, missing = itertools.cycle(world.ticks_s), itertools.cycle(world.missing)
    step = machine.step_under_way
    while True:
        arrived = world.arrive_after_s is not None and now_s - stage_began_s >= world.arrive_after_s
        there = arrived and not next(missing)
        dwelt_s = 0.0 if machine.dwell_started_s is None else now_s - machine.dwell_started_s
        answers = int(dwelt_s * world.answers_per_s)
        load = machine.step(
            now_s,
            user_count=machine.users - (not there),
            samples=answers,
            requests=answers,
            slowest_ms=world.slowest_ms,
        )
        if load is None:
            return machine, now_s
        if machine.step_under_way is not step:
            step, stage_began_s = machine.step_under_way, now_s
        now_s += next(ticks_s)


def longest_s(plan: Plan, world: World, stages: int) -> float:
    return plan.longest_s + PHASES * stages * max(world.ticks_s)


@given(plan=plans, world=worlds)
@example(plan=Plan((200, 10), 1.0, 0.0, 60.0, 0, 0.1), world=STUBBORN)
@example(plan=Plan((10,) * 12, 1.0, 0.0, 20.0, 0, 0.1), world=LATE)
def test_a_plan_ends_in_time_with_every_stage_measured_once(plan: Plan, world: World) -> None:
    machine, ended_s = walk(plan, world)
    planned = [step.users for step in plan.steps(machine.search)]
    assert ended_s - START_S <= longest_s(plan, world, len(planned))
    assert [window.users for window in machine.windows] == planned
    assert [window.index for window in machine.windows] == list(range(len(planned)))
    assert machine.measured_everything


@given(plan=searches, world=worlds)
@example(
    plan=Plan((256,), 1.0, 0.0, 13.0, 37, 1.0, search=True),
    world=World(arrive_after_s=None, passes=(False,)),
)
def test_a_search_ends_in_time_whatever_comes_of_its_stages(plan: Plan, world: World) -> None:
    machine, ended_s = walk(plan, world)
    assert ended_s - START_S <= longest_s(plan, world, len(machine.windows))


@given(plan=plans | searches, world=worlds)
def test_stages_follow_one_another_without_overlap_and_last_as_long_as_they_must(
    plan: Plan, world: World
) -> None:
    machine, ended_s = walk(plan, world)
    for window in machine.windows:
        assert window.ramp_started_s <= window.dwell_started_s <= window.dwell_ended_s <= ended_s
        assert window.duration_s >= plan.dwell_s(Step(window.kind, window.users)) - 1e-6
    for earlier, later in itertools.pairwise(machine.windows):
        assert earlier.dwell_ended_s <= later.ramp_started_s
    if world.arrive_after_s is None:
        assert not any(w.reached_users for w in machine.windows if w.kind != "recovery")
