"""Clips in the store that the enrichment process keeps them in."""

import numpy as np
import pytest

from backend.errors import ClipQuotaExceeded
from scripts.video_memory.clips import Shelf, drawn
from tests.unit.scripts.video_memory.doubles import SMALL


def test_a_clip_is_the_same_every_time_and_unlike_any_other() -> None:
    one = drawn(1, SMALL)
    assert one.shape == (SMALL.frames, SMALL.height, SMALL.width, 3)
    assert np.array_equal(one, drawn(1, SMALL))
    assert not np.array_equal(one, drawn(2, SMALL))
    assert not np.array_equal(one[0], one[1])


def test_all_clips_fit_with_their_detections_and_no_more() -> None:
    shelf = Shelf(SMALL)
    boxes = np.random.default_rng(1).random((SMALL.frames, SMALL.detections, 4), np.float32)
    for number in range(SMALL.clips):
        clip_id = shelf.add(drawn(number, SMALL))
        shelf.remember(clip_id, boxes)
        with shelf.lease(clip_id) as held:
            assert np.array_equal(held.frames, drawn(number, SMALL))
            assert np.array_equal(held.boxes, boxes)
            assert shelf.status().in_use == 1
    status = shelf.status()
    assert (status.clips, status.in_use, status.evicted_count) == (SMALL.clips, 0, 0)
    assert status.used_bytes >= SMALL.clips * (SMALL.frames_bytes + SMALL.boxes_bytes)
    with pytest.raises(ClipQuotaExceeded):
        shelf.add(drawn(9, SMALL))


def test_detections_are_kept_once() -> None:
    shelf = Shelf(SMALL)
    clip_id = shelf.add(drawn(0, SMALL))
    boxes = np.zeros((SMALL.frames, SMALL.detections, 4), np.float32)
    shelf.remember(clip_id, boxes)
    with pytest.raises(ValueError, match="did not keep"):
        shelf.remember(clip_id, boxes)
