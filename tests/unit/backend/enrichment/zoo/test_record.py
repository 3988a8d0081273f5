"""What one model's record allows."""

import pytest

from backend.enrichment.zoo.record import Record, smoothed
from backend.enrichment.zoo.states import TRANSITIONS, Policy, Priority, State, ZooModel

POLICY = Policy(1000, backoff_s=30, longest_backoff_s=100)


def record(state: State = State.ABSENT) -> Record:
    return Record(ZooModel("face", Priority.MEDIUM, 100), state)


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", State)
def test_only_the_transitions_of_the_table_are_possible(before: State, after: State) -> None:
    one = record(before)
    if after in TRANSITIONS[before]:
        one.become(after, 5.0)
        assert (one.state, one.since_s, one.changes) == (after, 5.0, 1)
    else:
        with pytest.raises(AssertionError):
            one.become(after, 5.0)


def test_every_state_can_be_left_and_reached() -> None:
    assert set(TRANSITIONS) == set(State)
    assert set().union(*TRANSITIONS.values()) == set(State)


def test_only_who_holds_a_draining_model_gets_another_lease() -> None:
    one = record(State.READY)
    one.take(1, 0.0)
    one.become(State.DRAINING, 0.0)
    assert (one.grants_to(1), one.grants_to(2)) == (True, False)
    one.take(1, 0.0)
    one.give_back(1, 3.0)
    assert (one.grants_to(1), one.leases, one.last_used_s) == (True, 1, 3.0)
    one.give_back(1, 4.0)
    assert (one.grants_to(1), one.leases, one.holders) == (False, 0, {})


def test_the_back_off_begins_with_the_third_failure_doubles_and_has_an_end() -> None:
    one, waits_s = record(), []
    for _ in range(6):
        one.failed("damaged", 1000.0, POLICY)
        waits_s.append(max(0.0, one.retry_at_s - 1000.0))
    assert waits_s == [0, 0, 30, 60, 100, 100]
    assert not one.loadable(1099.0)
    assert one.loadable(1100.0)


def test_who_waits_for_a_model_keeps_it_from_being_evicted() -> None:
    one = record(State.READY)
    one.waiting = 2
    one.take(1, 0.0)
    assert one.resident(100).leases == 3


def test_a_measured_time_follows_what_is_measured() -> None:
    assert smoothed(None, 4.0) == 4.0
    assert smoothed(4.0, 2.0) == 3.0
