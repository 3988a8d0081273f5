import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest._analysis._steadiness import median_rank, samples_per_part_needed, steadiness
from loadtest._course._plan import StageWindow
from loadtest._load._pacing import phase_ratio
from loadtest._load._samples import Sample

START_S = 1000.0
THIRD_S = 10.0
WINDOW = StageWindow(0, 100, START_S - 5, START_S, START_S + 3 * THIRD_S)


def answer(started_s: float, response_ms: float, failure: str | None = None) -> Sample:
    return Sample(started_s, 0.0, response_ms, failure, None, None, None, None, None)


def part(index: int, count: int, response_ms: float, *, failed: int = 0) -> list[Sample]:
    """Frames evenly over a third; latencies evenly within 5 % around the middle."""
    begin_s = START_S + index * THIRD_S
    made = []
    for position in range(count):
        spread = 0.95 + 0.1 * (position + 0.5) / count
        made.append(answer(begin_s + position * THIRD_S / count, spread * response_ms))
    return made + [answer(begin_s, 1.0, "HTTP 503")] * failed


def stage(counts: list[int], medians_ms: list[float]) -> list[Sample]:
    parts = zip(range(3), counts, medians_ms, strict=True)
    return [sample for index, count, median in parts for sample in part(index, count, median)]


def test_thirds_that_agree_are_steady() -> None:
    found = steadiness(stage([500, 510, 505], [20.0, 20.8, 20.4]), WINDOW)
    assert found.steady is True
    assert found.throughput_ratio == pytest.approx(1.02)
    assert found.latency_ratio == pytest.approx(1.04)
    assert found.sentence == (
        "Steady, within 1.10 between thirds: 500, 510 and 505 good answers; "
        "medians of 20.0, 20.8 and 20.4 ms."
    )


def test_latency_that_grows_is_unsteady() -> None:
    found = steadiness(stage([500, 500, 500], [20.0, 25.0, 30.0]), WINDOW)
    assert found.steady is False
    assert found.latency_ratio == pytest.approx(1.5)
    assert found.sentence == (
        "Unsteady, more than 1.10 apart between thirds: medians of 20.0, 25.0 and 30.0 ms."
    )


def test_good_answers_that_dwindle_are_unsteady() -> None:
    found = steadiness(stage([500, 450, 300], [20.0, 20.0, 20.0]), WINDOW)
    assert found.steady is False
    assert "500, 450 and 300 good answers" in found.sentence


def test_a_third_without_a_good_answer_is_unsteady_and_has_no_ratio() -> None:
    found = steadiness(stage([500, 500, 0], [20.0, 20.0, 20.0]), WINDOW)
    assert found.steady is False
    assert found.throughput_ratio is None
    assert found.latency_ratio is None


def test_failures_are_no_good_answers_and_do_not_count_into_the_median() -> None:
    samples = [*part(0, 500, 20.0), *part(1, 500, 20.0), *part(2, 300, 20.0, failed=200)]
    found = steadiness(samples, WINDOW)
    assert found.steady is False
    assert found.throughput_ratio == pytest.approx(5 / 3)
    assert found.latency_ratio == pytest.approx(1.0)


def test_a_difference_that_chance_can_make_is_neither_steady_nor_unsteady() -> None:
    latencies = random.Random(4)
    samples = [
        answer(START_S + THIRD_S * (index + position / 40), latencies.lognormvariate(3.0, 0.5))
        for index in range(3)
        for position in range(40)
    ]
    found = steadiness(samples, WINDOW)
    assert found.latency_ratio is not None
    assert found.latency_ratio > 1.10
    assert found.steady is None
    assert found.sentence.startswith("Too few samples to say: chance alone may explain medians of")


def test_a_stage_of_few_frames_says_how_many_are_needed() -> None:
    found = steadiness(stage([5, 5, 5], [20.0, 20.0, 20.0]), WINDOW)
    assert found.steady is None
    assert found.sentence == (
        "Too few samples to say: 5 good answers in a third of the stage, 9 needed."
    )


def test_frames_outside_the_dwell_do_not_count() -> None:
    samples = stage([100, 100, 100], [20.0, 20.0, 20.0])
    outside = [answer(START_S - 1, 500.0)] * 50 + [answer(WINDOW.dwell_ended_s, 500.0)] * 50
    assert steadiness(samples + outside, WINDOW) == steadiness(samples, WINDOW)


@pytest.mark.parametrize("samples", [[], [answer(START_S + 1, 5.0, "HTTP 503")]])
def test_without_a_good_answer_there_is_nothing_to_compare(samples: list[Sample]) -> None:
    found = steadiness(samples, WINDOW)
    assert (found.steady, found.throughput_ratio, found.latency_ratio) == (None, None, None)


@given(
    st.integers(1, 200),
    st.floats(0.5, 5.0),
    st.floats(1.0, 60.0),
    st.integers(0, 10_000),
)
def test_the_edges_of_the_thirds_do_not_make_paced_cameras_unsteady(
    users: int, interval_s: float, dwell_s: float, seed: int
) -> None:
    window = StageWindow(0, users, 0.0, 100.0, 100.0 + dwell_s)
    samples = []
    for index in range(users):
        at_s = 100.0 - interval_s * phase_ratio(index, seed=seed)
        while at_s < window.dwell_ended_s:
            samples.append(answer(at_s, 20.0))
            at_s += interval_s
    assert steadiness(samples, window).steady is not False


def paced(users: int, interval_s: float, lots: random.Random, failing_ratio: float) -> list[Sample]:
    """Cameras in any phase, of whose requests some fail by lot."""
    starts = [START_S + interval_s * lots.random() for _ in range(users)]
    return [
        answer(at_s + k * interval_s, 20.0, "HTTP 503" if lots.random() < failing_ratio else None)
        for at_s in starts
        for k in range(math.ceil(3 * THIRD_S / interval_s))
    ]


@pytest.mark.parametrize("failing_ratio", [0.0, 0.3])
def test_nor_do_cameras_in_any_phase_whose_requests_fail_by_lot(failing_ratio: float) -> None:
    # A third is half an interval longer than a whole one: that is where the edges do most.
    window = replace(WINDOW, users=50)
    unsteady = sum(
        steadiness(paced(50, THIRD_S / 1.5, random.Random(seed), failing_ratio), window).steady
        is False
        for seed in range(200)
    )
    assert unsteady <= 2


@given(st.lists(st.tuples(st.floats(0, 30, exclude_max=True), st.floats(0.1, 1e4)), max_size=100))
def test_ratios_are_at_least_one_and_a_steady_stage_is_within_the_limit(
    frames: list[tuple[float, float]],
) -> None:
    found = steadiness([answer(START_S + at_s, ms) for at_s, ms in frames], WINDOW)
    for ratio in (found.throughput_ratio, found.latency_ratio):
        assert ratio is None or ratio >= 1
        assert found.steady is not True or (ratio is not None and ratio <= 1.10)
    assert found.sentence.endswith(".")


@given(st.integers(1, 2000))
def test_the_limits_of_a_median_are_those_of_the_sign_test(count: int) -> None:
    rank = median_rank(count)
    below = [math.comb(count, k) / 2**count for k in range(rank + 2)]
    assert sum(below[:rank]) <= 0.0055  # half of 1 %, and what the approximation costs
    assert sum(below) > 0.004 or count < 10


def test_the_fewest_samples_are_those_that_give_a_median_limits() -> None:
    needed = samples_per_part_needed()
    assert median_rank(needed) == 1
    assert median_rank(needed - 1) == 0
    assert 2 * 0.5**needed <= 0.01
