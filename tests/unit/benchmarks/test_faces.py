"""What the benchmark of the search for faces counts, and that its scenes repeat."""

import numpy as np
import pytest

from backend.framing import Box
from benchmarks.faces import recall, scenes, timing
from benchmarks.faces.scenes import Scene

FACE = Box(100, 100, 100, 100)


def scene(*boxes: Box) -> Scene:
    return Scene(np.zeros((300, 400, 3), np.uint8), boxes, 100, "plain")


@pytest.mark.parametrize(
    ("other", "expected"),
    [(FACE, 1), (Box(150, 100, 100, 100), 1 / 3), (Box(200, 100, 100, 100), 0)],
)
def test_overlap_is_the_common_area_beside_the_whole(other: Box, expected: float) -> None:
    assert recall.overlap(FACE, other) == pytest.approx(expected)


def test_a_box_that_hardly_overlaps_is_a_miss_and_a_false_face() -> None:
    one = recall.outcome(lambda _: (Box(160, 100, 100, 100),), scene(FACE))
    assert (one.faces, one.found, one.false) == (1, 0, 1)


def test_recall_counts_faces_and_false_faces_count_boxes() -> None:
    hit = recall.outcome(lambda _: (FACE, Box(300, 0, 50, 50)), scene(FACE))
    miss = recall.outcome(lambda _: (), scene(FACE))
    empty = recall.outcome(lambda _: (), scene())
    assert recall.recall([hit, miss, empty]) == 0.5
    assert recall.false_faces([hit, miss, empty]) == pytest.approx(1 / 3)


def test_what_was_not_measured_is_unknown() -> None:
    assert recall.recall([recall.outcome(lambda _: (), scene())]) is None
    assert recall.false_faces([]) is None


def test_a_scene_counts_with_its_fastest_turn_after_the_first() -> None:
    # The warm-up is begun and not timed; then begin and end of each turn.
    ticks = iter([0.0, 1.0, 1.007, 2.0, 2.004, 3.0, 3.005])
    found = timing.measured({"one": lambda _: ()}, [scene()], clock_s=ticks.__next__)
    assert found["one"].pictures == 1
    assert found["one"].p50_ms == pytest.approx(4)


def test_scenes_repeat_and_hold_their_face_whole() -> None:
    first, again = (list(scenes.with_portrait(5, 1, (640, 360))) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.pixels, other.pixels)
        (box,) = one.boxes
        assert box == other.boxes[0]
        assert box.width == one.face_px // 2
        assert 0 <= box.x <= 640 - box.width
        assert 0 <= box.y <= 360 - box.height
