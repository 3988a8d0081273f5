"""What the decoder's process is told, and what is believed of its answers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.enrichment.clips.protocol import (
    REFUSALS,
    Announcement,
    DecodingLimits,
    FrameHeader,
    Task,
    refusal_in,
    refusal_to_message,
)
from backend.enrichment.clips.sampling import AtRate, Evenly, SampleLimits, Sampling
from backend.errors import ClipTooLarge

LIMITS = DecodingLimits(SampleLimits(4, 4000))


@pytest.mark.parametrize("sampling", [AtRate(2.5), Evenly(7)])
def test_a_task_arrives_as_it_was_given(sampling: Sampling) -> None:
    task = Task("webm", sampling, replace(LIMITS, cpu_s=7, wall_s=1.5))
    assert Task.from_json(task.to_json()) == task


def test_answers_arrive_as_they_were_given() -> None:
    announcement = Announcement(40, 20, (0.0, 0.5))
    assert Announcement.from_message(announcement.to_message(), LIMITS) == announcement
    assert (announcement.frame_bytes, announcement.size_bytes) == (2400, 4800)
    header = FrameHeader(0.25, 3)
    assert FrameHeader.from_message(header.to_message()) == header
    assert refusal_in(header.to_message()) is None


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_arrives_as_it_was_given_and_not_at_any_length(name: str) -> None:
    refusal = refusal_in(refusal_to_message(REFUSALS[name]("x" * 1000)))
    assert type(refusal) is REFUSALS[name]
    assert str(refusal) == "x" * 300


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(JSON, JSON, JSON)
def test_no_announcement_beyond_the_limits_is_believed(
    width: object, height: object, times_s: object
) -> None:
    message = {"width": width, "height": height, "times_s": times_s}
    try:
        announcement = Announcement.from_message(message, LIMITS)
    except (KeyError, TypeError, ValueError, OverflowError, ClipTooLarge):
        return
    assert 0 < len(announcement.times_s) <= 4
    assert 0 < announcement.size_bytes <= 3 * 4000


@given(JSON, JSON)
def test_no_header_without_a_time_is_believed(time_s: object, turns: object) -> None:
    try:
        header = FrameHeader.from_message({"time_s": time_s, "quarter_turns": turns})
    except (KeyError, TypeError, ValueError, OverflowError):
        return
    assert abs(header.time_s) < float("inf")
    assert header.quarter_turns in range(4)
