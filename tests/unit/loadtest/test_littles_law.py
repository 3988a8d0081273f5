import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest._analysis._littles_law import check, cycle_s
from loadtest._course._plan import StageWindow
from loadtest._load._pacing import Pacer, phase_ratio
from loadtest._load._samples import Sample

BEGIN_S, END_S = 100.0, 160.0


def frame(
    started_s: float, response_s: float = 0.02, *, late_s: float = 0.0, failure: str | None = None
) -> Sample:
    return Sample(
        started_s, late_s * 1000, response_s * 1000, failure, None, None, None, None, None
    )


def window(users: int, end_s: float = END_S) -> StageWindow:
    return StageWindow(0, users, BEGIN_S - 10, BEGIN_S, end_s)


def drive(users: int, responses_s: list[float], *, interval_s: float) -> list[Sample]:
    """What cameras with the tester's own timetable send from well before the stage to its end."""
    samples = []
    for index in range(users):
        pacer = Pacer(now_s=80.0, interval_s=interval_s, ratio=phase_ratio(index, seed=0))
        now_s, sent = 80.0, 0
        while now_s < END_S:
            now_s += pacer.wait_s(now_s)
            response_s = responses_s[sent % len(responses_s)]
            samples.append(frame(now_s, response_s, late_s=max(0.0, now_s - pacer.intended_s)))
            pacer.advance(started_s=now_s)
            now_s, sent = now_s + response_s, sent + 1
    return samples


@pytest.mark.parametrize("response_s", [0.02, 1.9, 2.0, 2.7, 5.0])
def test_the_law_holds_for_cameras_that_wait_and_for_cameras_that_are_kept_waiting(
    response_s: float,
) -> None:
    found = check(drive(50, [response_s], interval_s=2.0), window(50), think_time_s=2.0)
    assert found.holds is True
    assert found.users == 50
    assert found.expected_users == pytest.approx(50, rel=0.05)


def test_the_sentence_has_the_whole_sum() -> None:
    samples = [frame(BEGIN_S + position / 25) for position in range(1500)]
    found = check(samples, window(50), think_time_s=2.0)
    assert found.sentence == (
        "Little's law holds: 25.0 requests/s × 2.00 s per cycle = 50.0 users, 50 were set."
    )


@given(
    st.integers(1, 30),
    st.lists(st.floats(0.001, 6.0), min_size=1, max_size=7),
    st.floats(0.5, 3.0),
)
def test_whatever_the_answers_take_paced_cameras_do_not_break_the_law_while_nothing_changes(
    users: int, responses_s: list[float], interval_s: float
) -> None:
    found = check(
        drive(users, responses_s, interval_s=interval_s), window(users), think_time_s=interval_s
    )
    assert found.expected_users is not None
    longest_s = max(interval_s, *responses_s)
    assert abs(found.expected_users - users) <= users * longest_s / (END_S - BEGIN_S) + 1e-6


@given(st.lists(st.floats(0.001, 6.0), min_size=2, max_size=40), st.floats(0.5, 3.0))
def test_a_cycle_reaches_from_one_start_to_the_next(
    responses_s: list[float], interval_s: float
) -> None:
    samples = drive(1, responses_s, interval_s=interval_s)
    cycles_s = [cycle_s(sample, interval_s) for sample in samples]
    for before, cycle, after in zip(samples, cycles_s, samples[1:], strict=False):
        assert before.started_s + cycle == pytest.approx(after.started_s, abs=1e-6)


def test_users_that_the_generator_holds_up_break_the_law() -> None:
    samples = [frame(BEGIN_S + position / 15) for position in range(900)]
    found = check(samples, window(50), think_time_s=2.0)
    assert found.holds is False
    assert found.expected_users == pytest.approx(30.0)
    assert found.sentence.endswith("likely the load generator held users up.")


def test_answers_that_take_ever_longer_break_the_law() -> None:
    samples = [frame(BEGIN_S + position / 20, 1.0 + position / 300) for position in range(1200)]
    found = check(samples, window(50), think_time_s=2.0)
    assert found.holds is False
    assert found.sentence.endswith("likely response times rose while it was measured.")


def test_failed_requests_keep_their_users_busy_too() -> None:
    samples = [frame(BEGIN_S + position / 5, 10.0, failure="timed out") for position in range(300)]
    found = check(samples, window(50), think_time_s=2.0)
    assert found.holds is True
    assert found.expected_users == pytest.approx(50.0)


def test_a_difference_that_the_edges_can_make_is_neither_for_nor_against_the_law() -> None:
    found = check([frame(101.0), frame(103.0)], window(1, 105.0), think_time_s=2.0)
    assert found.expected_users == pytest.approx(0.8)
    assert found.holds is None
    assert found.sentence.startswith("Little's law: too short a stage to say:")


def test_without_a_request_in_the_stage_nothing_is_said() -> None:
    found = check([frame(BEGIN_S - 1), frame(END_S)], window(10), think_time_s=2.0)
    assert (found.users, found.expected_users, found.holds) == (10, None, None)
