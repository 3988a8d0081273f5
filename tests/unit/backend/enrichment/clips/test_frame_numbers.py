"""Which frames of a clip are meant."""

import pytest

from backend.enrichment.clips.frame_numbers import read_frames
from backend.errors import FrameNotFound, MalformedRequest


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        (None, (0, 1, 2, 3, 4)),
        ("0", (0,)),
        ("3,1", (1, 3)),
        ("1-3", (1, 2, 3)),
        ("0, 2-4 ,3", (0, 2, 3, 4)),
        ("4-4", (4,)),
    ],
)
def test_numbers_and_ranges_are_ascending_each_once(
    text: str | None, frames: tuple[int, ...]
) -> None:
    assert read_frames(text, 5) == frames


@pytest.mark.parametrize(
    "text", ["", "a", "-1", "1-", "1--2", "1.5", "0,,1", "3-1", "\u0663", "1" * 9]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(MalformedRequest, match="`frames` has"):
        read_frames(text, 5)


@pytest.mark.parametrize("text", ["5", "0-5", "999999"])
def test_a_frame_that_the_clip_lacks_is_named(text: str) -> None:
    with pytest.raises(FrameNotFound, match="its 5 are numbered from 0"):
        read_frames(text, 5)
