"""The kinds of stages beyond the plan's own; test_plan.py has those."""

import pytest

from loadtest._course._plan import StageKind, StageWindow
from loadtest._course._stage_machine import StageMachine
from tests.unit.loadtest.made_plans import START_S, plan


def walk(machine: StageMachine, *, requests_per_s: float = 5.0) -> list[tuple[StageKind, int]]:
    """Tick once a second; users are there at once. Returns kind and users of every window."""
    now_s, users = START_S, 0
    for _ in range(5000):
        began_s = machine.dwell_started_s
        answered = 0 if began_s is None else int((now_s - began_s) * requests_per_s)
        load = machine.step(
            now_s, user_count=users, samples=answered, slowest_ms=100.0, requests=answered
        )
        if load is None:
            return [(window.kind, window.users) for window in machine.windows]
        users = load.users
        now_s += 1
    raise AssertionError("the plan never ended")


def test_a_single_user_comes_first_and_few_users_last() -> None:
    machine = StageMachine(plan(baseline_s=6.0, recovery_s=8.0), START_S)
    assert walk(machine) == [("baseline", 1), ("stage", 10), ("stage", 25), ("recovery", 10)]
    baseline, *_, last, after = machine.windows
    assert baseline.duration_s == 6
    assert after.duration_s == 8
    # What it watches begins the moment the load is taken away.
    assert after.dwell_started_s == last.dwell_ended_s


def test_the_baseline_does_not_wait_for_samples_but_the_stages_do() -> None:
    machine = StageMachine(plan(stages=(10,), baseline_s=6.0, min_samples=200), START_S)
    walk(machine)
    baseline, stage = machine.windows
    assert (baseline.duration_s, stage.duration_s) == (6, 40)


def test_a_search_climbs_until_a_stage_fails_and_bisects() -> None:
    asked: list[int] = []

    def judge(window: StageWindow) -> bool:
        asked.append(window.users)
        return window.users <= 17

    machine = StageMachine(plan(stages=(10, 25, 50), search=True, recovery_s=4.0), START_S, judge)
    assert walk(machine) == [
        ("stage", 10),
        ("stage", 25),
        *(("search", users) for users in (17, 21, 19, 18)),
        ("recovery", 10),
    ]
    assert asked == [10, 25, 17, 21, 19, 18]
    assert machine.measured_everything


def test_a_search_decides_only_once_the_last_answers_can_be_known() -> None:
    machine = StageMachine(
        plan(stages=(10,), search=True, report_delay_s=4.0), START_S, lambda window: None
    )
    judged_at_s: list[float] = []
    now_s, users = START_S, 0
    while not judged_at_s:
        load = machine.step(now_s, user_count=users, samples=0, slowest_ms=1500.0)
        if load is None:
            judged_at_s.append(now_s)
        users = load.users if load else 0
        now_s += 1
    assert judged_at_s[0] - machine.windows[0].dwell_ended_s >= 5.5


def test_a_burst_ends_with_its_last_answer() -> None:
    machine = StageMachine(plan(burst=True, baseline_s=6.0, recovery_s=6.0), START_S)
    assert walk(machine) == [("burst", 10), ("burst", 25)]
    assert [window.duration_s for window in machine.windows] == [2, 5]


def test_a_burst_that_is_never_answered_ends_too() -> None:
    machine = StageMachine(plan(burst=True, stages=(10,)), START_S)
    assert walk(machine, requests_per_s=0.0) == [("burst", 10)]
    assert machine.windows[0].duration_s == 30


def test_users_fire_only_while_a_burst_is_measured() -> None:
    machine = StageMachine(plan(burst=True, stages=(3,)), START_S)
    seen = []
    for second in range(4):
        machine.step(START_S + second, user_count=3, samples=0, slowest_ms=None, requests=second)
        seen.append((machine.phase, machine.bursting))
    assert ("dwell", True) in seen
    assert all(bursting == (phase == "dwell") for phase, bursting in seen)


@pytest.mark.parametrize("recovery_s", [0.0, 8.0])
def test_a_signal_after_the_last_stage_takes_nothing_away(recovery_s: float) -> None:
    machine = StageMachine(plan(stages=(10,), recovery_s=recovery_s), START_S)
    now_s, users = START_S, 0
    while not machine.windows:
        assert not machine.measured_everything
        load = machine.step(now_s, user_count=users, samples=0, slowest_ms=100.0)
        assert load is not None
        users, now_s = load.users, now_s + 1
    assert machine.measured_everything
