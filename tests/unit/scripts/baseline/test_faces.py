"""Rendered faces: the same again from a seed, where they say they are, and found by a cascade."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from scripts.baseline.faces import Picture, render_face, render_scene

CASCADE = Path(cv2.__file__).parent / "data/haarcascade_frontalface_alt2.xml"


def largest_face(picture: Picture) -> tuple[int, int, int, int] | None:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    found = cv2.CascadeClassifier(str(CASCADE)).detectMultiScale(grey, 1.1, 3, minSize=(60, 60))
    boxes = [(int(x), int(y), int(width), int(height)) for x, y, width, height in found]
    return max(boxes, key=lambda box: box[2], default=None)


def test_the_same_seed_draws_the_same_face_and_another_seed_another() -> None:
    first, again, other = (render_face(np.random.default_rng(seed), 96) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 5


def test_a_face_is_a_square_of_bytes_that_is_neither_dark_nor_blown_out() -> None:
    picture = render_face(np.random.default_rng(3), 128)
    assert picture.shape == (128, 128, 3)
    assert picture.dtype == np.uint8
    assert 70 < picture.mean() < 190
    assert (picture == 255).mean() < 0.05


def test_a_frontal_face_cascade_finds_most_faces() -> None:
    found = [largest_face(render_face(np.random.default_rng(seed), 352)) for seed in range(10)]
    assert sum(box is not None for box in found) >= 8


def test_a_scene_has_its_face_where_its_box_says() -> None:
    picture, box = render_scene(
        np.random.default_rng(4), (640, 360), face_px=180, centre=(420.0, 170.0)
    )
    assert picture.shape == (360, 640, 3)
    assert (box.x, box.y, box.width, box.height) == (330, 80, 180, 180)
    found = largest_face(picture)
    assert found is not None
    x, y, width, height = found
    assert abs(x + width / 2 - 420) < 20
    assert abs(y + height / 2 - 170) < 20
    assert 0.8 < width / 180 < 1.25


def test_a_face_larger_than_its_scene_is_refused_with_the_limits() -> None:
    with pytest.raises(ValueError, match="face_px is 400: give 8 to 360, so that the face fits in"):
        render_scene(np.random.default_rng(5), (640, 360), face_px=400)
