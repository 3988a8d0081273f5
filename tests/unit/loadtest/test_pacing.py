import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest._load._pacing import Pacer, phase_ratio


@pytest.mark.parametrize("users", [10, 25, 50, 100, 200])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_any_first_users_are_spread_evenly_over_the_interval(users: int, seed: int) -> None:
    ratios = sorted(phase_ratio(index, seed=seed) for index in range(users))
    gaps = [b - a for a, b in zip(ratios, [*ratios[1:], ratios[0] + 1], strict=True)]
    assert max(gaps) < 2.7 / users
    assert min(gaps) > 0.3 / users


def test_phases_follow_from_the_seed_and_the_worker() -> None:
    assert phase_ratio(3, seed=7, worker=1) == phase_ratio(3, seed=7, worker=1)
    assert phase_ratio(3, seed=7, worker=1) != phase_ratio(3, seed=8, worker=1)
    assert phase_ratio(3, seed=7, worker=1) != phase_ratio(3, seed=7, worker=2)


@given(st.floats(0, 1e6), st.floats(0.1, 60), st.floats(0, 0.999))
def test_the_first_frame_is_due_within_one_interval(
    now_s: float, interval_s: float, ratio: float
) -> None:
    pacer = Pacer(now_s=now_s, interval_s=interval_s, ratio=ratio)
    assert now_s <= pacer.intended_s <= now_s + interval_s


def test_a_frame_on_time_is_followed_by_one_an_interval_after_it_was_due() -> None:
    pacer = Pacer(now_s=10.0, interval_s=2.0, ratio=0.25)
    assert pacer.intended_s == 10.5
    pacer.advance(started_s=10.503)
    assert pacer.intended_s == 12.5
    assert pacer.wait_s(11.0) == 1.5


def test_a_fixed_timetable_keeps_its_backlog() -> None:
    pacer = Pacer(now_s=0.0, interval_s=2.0, ratio=0.0, fixed=True)
    pacer.advance(started_s=0.0)
    pacer.advance(started_s=7.0)  # The frames due at 4 and 6 are still to be sent.
    assert pacer.intended_s == 4.0
    assert pacer.wait_s(7.0) == 0.0
    pacer.advance(started_s=7.0)
    pacer.advance(started_s=7.0)
    assert pacer.wait_s(7.0) == 1.0


def test_a_backlog_is_dropped_and_not_caught_up() -> None:
    pacer = Pacer(now_s=0.0, interval_s=2.0, ratio=0.0)
    pacer.advance(started_s=0.0)
    assert pacer.wait_s(7.0) == 0.0  # The answer took 7 s: the frame due at 2 goes now.
    pacer.advance(started_s=7.0)
    assert pacer.intended_s == 9.0
