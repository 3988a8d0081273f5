"""A few frames at a time, and the next only when the last are answered."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from backend.enrichment.clips.micro_batches import in_micro_batches

Frames = Sequence[NDArray[np.uint8]]


def numbered(count: int) -> Frames:
    return [np.full((1, 1, 3), number, np.uint8) for number in range(count)]


@given(st.integers(0, 40), st.integers(1, 12))
def test_every_frame_is_asked_about_once_in_order_and_so_many_at_a_time(
    count: int, most: int
) -> None:
    frames = numbered(count)
    sizes: list[int] = []

    def ask(batch: Frames) -> list[int]:
        sizes.append(len(batch))
        return [int(frame.flat[0]) for frame in batch]

    assert list(in_micro_batches(frames, ask, most_in_flight=most)) == list(range(count))
    assert max(sizes, default=0) <= most
    assert len(sizes) == -(-count // most)


def test_the_next_frames_are_handed_over_when_all_answers_were_taken() -> None:
    asked: list[int] = []

    def ask(batch: Frames) -> list[int]:
        asked.append(len(batch))
        return [0] * len(batch)

    answers = in_micro_batches(numbered(5), ask, most_in_flight=2)
    assert asked == []
    next(answers)
    next(answers)
    assert asked == [2]
    next(answers)
    assert asked == [2, 2]


def test_a_failure_ends_it_and_nothing_more_is_handed_over() -> None:
    asked: list[int] = []

    def ask(batch: Frames) -> list[int]:
        asked.append(len(batch))
        raise OSError("the model is gone")

    with pytest.raises(OSError, match="the model is gone"):
        list(in_micro_batches(numbered(5), ask, most_in_flight=2))
    assert asked == [2]


def test_an_answer_too_few_is_noticed() -> None:
    with pytest.raises(ValueError, match="1 answers to 2 items"):
        list(in_micro_batches(numbered(2), lambda batch: [0], most_in_flight=2))
