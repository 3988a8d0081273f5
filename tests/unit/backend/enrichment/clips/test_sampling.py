"""Which frames of a video are chosen, of odd ones too."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.enrichment.clips.sampling import (
    AtRate,
    Evenly,
    SampleLimits,
    Sampling,
    choose,
    timeline,
)
from backend.errors import ClipTooLarge, MalformedRequest, UndecodableClip

ANY = SampleLimits(most_frames=10**6, most_pixels=10**12)
TIMES = st.lists(st.floats(0, 1e9), min_size=1, max_size=40, unique=True).map(sorted)
SAMPLINGS = st.one_of(
    st.builds(AtRate, st.floats(1e-6, 1000)), st.builds(Evenly, st.integers(1, 50))
)


def at(times_s: list[float], sampling: Sampling, limits: SampleLimits = ANY) -> list[int]:
    return list(choose(times_s, sampling, 64, limits))


def every(step_s: float, count: int) -> list[float]:
    return [number * step_s for number in range(count)]


# At a rate


def test_a_rate_picks_the_frames_nearest_to_its_moments() -> None:
    assert at(every(0.1, 21), AtRate(1)) == [0, 10, 20]
    assert at(every(0.1, 21), AtRate(2)) == [0, 5, 10, 15, 20]


def test_the_video_s_own_rate_or_a_higher_one_picks_every_frame_once() -> None:
    assert at(every(1 / 30, 90), AtRate(30)) == list(range(90))
    assert at(every(1 / 30, 90), AtRate(1000)) == list(range(90))


def test_stamps_in_whole_milliseconds_lose_no_frame() -> None:
    times_s = [round(number / 30, 3) for number in range(90)]
    assert at(times_s, AtRate(30)) == list(range(90))
    assert at(times_s, AtRate(10)) == list(range(0, 90, 3))


def test_a_variable_rate_is_sampled_by_time_and_a_gap_is_not_filled() -> None:
    times_s = [*every(0.01, 100), 1.0, 5.0, 5.02]
    assert at(times_s, AtRate(1)) == [0, 100, 101]
    assert at(times_s, AtRate(2)) == [0, 50, 100, 101]


def test_one_wild_stamp_costs_no_time() -> None:
    assert at([0, 0.1, 1e18], AtRate(1000)) == [0, 1, 2]


def test_no_frame_stands_for_a_moment_after_the_end() -> None:
    assert at(every(0.1, 17), AtRate(1)) == [0, 10]


# So many


def test_so_many_frames_are_the_middles_of_equal_parts() -> None:
    assert at(every(0.1, 101), Evenly(1)) == [50]
    assert at(every(0.1, 101), Evenly(2)) == [25, 75]
    assert at(every(0.1, 101), Evenly(5)) == [10, 30, 50, 70, 90]


def test_so_many_are_even_in_time_and_not_in_number() -> None:
    times_s = [*every(0.01, 100), *(1 + time_s for time_s in every(0.5, 19))]  # 10 s
    assert at(times_s, Evenly(4)) == [101, 106, 111, 116]


def test_so_many_are_that_many_even_where_they_crowd() -> None:
    assert at([0, 0.001, 0.002, 0.003, 1000], Evenly(4)) == [1, 2, 3, 4]


def test_of_a_short_video_there_are_all() -> None:
    assert at([0, 1, 2], Evenly(16)) == [0, 1, 2]


# Limits


def test_more_frames_than_allowed_are_refused_with_both_numbers() -> None:
    with pytest.raises(ClipTooLarge, match=r"would be 9 frames and a clip may have 8"):
        at(every(1, 9), AtRate(1), SampleLimits(8, 10**6))
    assert len(at(every(1, 9), Evenly(8), SampleLimits(8, 10**6))) == 8


def test_more_pixels_than_allowed_are_refused() -> None:
    assert len(at(every(1, 9), Evenly(4), SampleLimits(99, 4 * 64))) == 4
    with pytest.raises(ClipTooLarge, match=r"^4 frames of 64 pixels are more than the 255 pixels"):
        at(every(1, 9), Evenly(4), SampleLimits(99, 4 * 64 - 1))


@pytest.mark.parametrize("fps", [0, -1, 1001, float("nan"), float("inf")])
def test_a_rate_is_a_sensible_number(fps: float) -> None:
    with pytest.raises(MalformedRequest, match="fps is over 0 and up to 1000"):
        AtRate(fps)


def test_a_number_of_frames_is_at_least_one() -> None:
    with pytest.raises(MalformedRequest, match="frames is 1 or more"):
        Evenly(0)


@given(TIMES, SAMPLINGS)
def test_whatever_is_chosen_is_there_and_in_order(times_s: list[float], wanted: Sampling) -> None:
    chosen = at(times_s, wanted)
    assert chosen
    assert all(one < other for one, other in pairwise(chosen))
    assert set(chosen) <= set(range(len(times_s)))
    if isinstance(wanted, Evenly):
        assert len(chosen) == min(wanted.frames, len(times_s))
    else:
        assert len(chosen) <= (times_s[-1] - times_s[0]) * wanted.fps + 1.5 + 1e-6


@given(TIMES, st.floats(1e-6, 1000))
def test_no_frame_would_have_been_nearer(times_s: list[float], fps: float) -> None:
    moments = [(time_s - times_s[0]) * fps for time_s in times_s]
    for number in at(times_s, AtRate(fps)):
        nearest = round(moments[number])
        rivals = [moment for moment in moments if int(moment + 0.5) == int(moments[number] + 0.5)]
        assert abs(moments[number] - nearest) <= 0.5 + 1e-6
        assert abs(moments[number] - int(moments[number] + 0.5)) == min(
            abs(rival - int(moments[number] + 0.5)) for rival in rivals
        )


# The times of a video


def test_times_count_from_the_first_frame_shown_whatever_the_order_in_the_file() -> None:
    line = timeline([30, 60, 40, 50], 0.1, 25)
    assert line.times_s == pytest.approx((0, 1, 2, 3))
    assert line.time_s(50, count=99) == pytest.approx(2)
    assert line.time_s(None, count=1) is None


def test_negative_stamps_are_as_good_as_others() -> None:
    assert timeline([-10, 0, 10], 0.1, None).times_s == pytest.approx((0, 1, 2))


def test_packets_that_share_a_stamp_are_one_moment() -> None:
    assert timeline([0, 1, 1, 2], 1, 25).times_s == (0, 1, 2)


@pytest.mark.parametrize(
    "stamps", [[None, None, None], [0, None, 2], [7, 7, 7], [0, 0, 1, 1, 0, 1]]
)
def test_without_sensible_stamps_frames_are_counted(stamps: list[int | None]) -> None:
    line = timeline(stamps, 1e-3, 10)
    assert line.times_s == pytest.approx([number / 10 for number in range(len(stamps))])
    assert line.time_s(12345, count=2) == pytest.approx(0.2)


@pytest.mark.parametrize("fps", [None, 0, -3, 1e9, float("nan")])
def test_a_rate_that_is_none_is_taken_for_the_usual_one(fps: float | None) -> None:
    assert timeline([None, None], 1, fps).times_s == (0, 0.04)


def test_one_frame_is_a_video() -> None:
    assert timeline([5], 1, None).times_s == (0,)
    assert at([0], Evenly(3)) == [0]
    assert at([0], AtRate(3)) == [0]


def test_no_frame_is_none() -> None:
    with pytest.raises(UndecodableClip, match="has no frames"):
        timeline([], 1, 25)


@given(
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=30),
    st.floats(1e-9, 100),
    st.none() | st.floats(),
)
def test_whatever_the_stamps_times_ascend_from_zero(
    stamps: list[int | None], tick_s: float, fps: float | None
) -> None:
    times_s = timeline(stamps, tick_s, fps).times_s
    assert times_s[0] == 0
    assert all(one <= other for one, other in pairwise(times_s))
    assert 0 < len(times_s) <= len(stamps)
