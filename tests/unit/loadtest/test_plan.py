from collections.abc import Callable

import pytest

from loadtest._course._plan import Load, StageWindow
from loadtest._course._stage_machine import StageMachine
from tests.unit.loadtest.made_plans import START_S, plan


def walk(
    machine: StageMachine,
    *,
    users: Callable[[float, Load | None], int] = lambda _, load: load.users if load else 0,
    samples: Callable[[float], int] = lambda dwelt_s: 0,
    slowest_ms: float | None = 100.0,
    until_s: float = 10_000.0,
) -> float:
    """Tick once a second as Locust does; returns when the plan ended."""
    now_s, load = START_S, None
    while now_s < START_S + until_s:
        began_s = machine.dwell_started_s
        load = machine.step(
            now_s,
            user_count=users(now_s, load),
            samples=0 if began_s is None else samples(now_s - began_s),
            slowest_ms=slowest_ms,
        )
        if load is None:
            return now_s
        now_s += 1
    raise AssertionError("the plan never ended")


def test_every_stage_ramps_warms_up_and_dwells_for_its_duration() -> None:
    machine = StageMachine(plan(), START_S)
    walk(machine)
    first, second = machine.windows
    # Tick 0 asks for 10 users, tick 1 finds them, 2 s of ramp and 5 s of warm-up follow.
    assert first == StageWindow(0, 10, START_S, START_S + 8, START_S + 28)
    assert second.users == 25
    assert second.ramp_started_s == first.dwell_ended_s
    assert second.duration_s == 20


def test_the_clock_of_a_stage_waits_until_its_users_are_there() -> None:
    machine = StageMachine(plan(stages=(10,)), START_S)
    walk(machine, users=lambda now_s, _: 10 if now_s >= START_S + 15 else 7)
    assert machine.windows[0].dwell_started_s == START_S + 15 + 2 + 5
    assert machine.windows[0].reached_users


def test_users_that_never_come_leave_a_stage_marked_instead_of_a_run_that_hangs() -> None:
    machine = StageMachine(plan(stages=(10,)), START_S)
    walk(machine, users=lambda _now, _load: 7)
    assert not machine.windows[0].reached_users


def test_a_stage_goes_on_until_it_has_its_samples() -> None:
    machine = StageMachine(plan(stages=(10,), min_samples=130), START_S)
    walk(machine, samples=lambda dwelt_s: int(dwelt_s * 4))
    assert machine.windows[0].duration_s == 33  # 33 s × 4 = 132


def test_a_stage_without_answers_ends_after_three_times_what_it_should_have_taken() -> None:
    machine = StageMachine(plan(stages=(10,), min_samples=130), START_S)
    walk(machine, samples=lambda _: 0)
    assert machine.windows[0].duration_s == 78  # 3 × 130 × 2 s / 10


@pytest.mark.parametrize(
    ("slowest_ms", "drained_s"), [(100.0, 1), (3500.0, 4), (60_000.0, 10), (None, 10)]
)
def test_the_load_stays_on_until_the_last_stage_has_its_answers(
    slowest_ms: float | None, drained_s: int
) -> None:
    machine = StageMachine(plan(stages=(10,)), START_S)
    ended_s = walk(machine, slowest_ms=slowest_ms)
    assert ended_s - machine.windows[0].dwell_ended_s == drained_s


def test_answers_that_workers_send_late_end_the_wait_for_them() -> None:
    machine = StageMachine(plan(stages=(10,)), START_S)
    with pytest.raises(AssertionError):
        walk(machine, slowest_ms=None, until_s=30)
    ended_s = machine.windows[0].dwell_ended_s
    began_s = machine.dwell_started_s
    assert began_s == machine.windows[0].dwell_started_s
    assert machine.step(ended_s + 3, user_count=10, samples=0, slowest_ms=None) is not None
    assert machine.step(ended_s + 3.5, user_count=10, samples=0, slowest_ms=80.0) is None


def test_all_users_of_a_stage_are_asked_for_at_once_but_no_faster_than_locust_likes() -> None:
    def first_load(users: int) -> Load | None:
        machine = StageMachine(plan(stages=(users,)), START_S)
        return machine.step(START_S, user_count=0, samples=0, slowest_ms=None)

    assert first_load(10) == Load(10, 10.0)
    assert first_load(500) == Load(500, 100.0)


def test_a_stage_that_is_broken_off_is_kept_as_not_completed() -> None:
    machine = StageMachine(plan(), START_S)
    with pytest.raises(AssertionError):
        walk(machine, until_s=15)
    machine.interrupt(START_S + 15)
    assert machine.windows == [
        StageWindow(0, 10, START_S, START_S + 8, START_S + 15, completed=False)
    ]
    assert not machine.measured_everything


def test_a_stage_that_is_broken_off_while_warming_up_is_not_kept() -> None:
    machine = StageMachine(plan(), START_S)
    with pytest.raises(AssertionError):
        walk(machine, until_s=5)
    machine.interrupt(START_S + 5)
    assert machine.windows == []


def test_no_plan_takes_longer_than_it_says() -> None:
    stubborn = plan(stages=(10, 25, 10), min_samples=130)
    machine = StageMachine(stubborn, START_S)
    ended_s = walk(machine, users=lambda _now, _load: 0, slowest_ms=None)
    ticks_s = 1.0 * 4 * len(stubborn.stages)
    assert ended_s - START_S <= stubborn.longest_s + ticks_s


def test_fewer_users_are_a_stage_like_any_other() -> None:
    machine = StageMachine(plan(stages=(25, 10)), START_S)
    walk(machine)
    assert [window.users for window in machine.windows] == [25, 10]
    assert all(window.reached_users for window in machine.windows)
