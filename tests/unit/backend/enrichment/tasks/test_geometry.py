"""Where a picture lies in a model's input, and the way back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.enrichment.model_spec import PictureInput, Resize
from backend.enrichment.tasks.geometry import Geometry, box_json, fitted

SIDE = 640


def target(resize: Resize, **others: float) -> PictureInput:
    return PictureInput.model_validate(
        {"name": "x", "width": SIDE, "height": SIDE, "resize": resize, **others}
    )


def test_a_wide_picture_is_letterboxed_in_the_middle() -> None:
    geometry = fitted(1280, 720, target(Resize.LETTERBOX))
    assert geometry == Geometry(1280, 720, 0.5, 0.5, left=0, top=140)


def test_a_tall_picture_is_letterboxed_in_the_middle() -> None:
    geometry = fitted(320, 640, target(Resize.LETTERBOX))
    assert geometry == Geometry(320, 640, 1.0, 1.0, left=160, top=0)


def test_a_centre_crop_loses_the_sides_and_with_a_ratio_all_four_edges() -> None:
    assert fitted(1280, 640, target(Resize.CENTER_CROP)) == Geometry(1280, 640, 1, 1, -320, 0)
    geometry = fitted(1280, 640, target(Resize.CENTER_CROP, crop_ratio=0.8))
    assert geometry == Geometry(1280, 640, 1.25, 1.25, -480, -80)


def test_a_line_of_text_keeps_its_ratio_and_stands_at_the_left_unless_it_is_too_long() -> None:
    line = target(Resize.PAD_RIGHT).model_copy(update={"width": 320, "height": 48})
    assert fitted(96, 24, line) == Geometry(96, 24, 2, 2, 0, 0)
    assert fitted(640, 24, line) == Geometry(640, 24, 0.5, 2, 0, 0)


def test_a_stretched_picture_fills_the_input() -> None:
    assert fitted(320, 1280, target(Resize.STRETCH)) == Geometry(320, 1280, 2, 0.5, 0, 0)


@pytest.mark.parametrize("resize", [Resize.LETTERBOX, Resize.STRETCH, Resize.PAD_RIGHT])
@given(
    size=st.tuples(st.integers(32, 5000), st.integers(32, 5000)),
    edges=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_a_box_in_the_picture_comes_back_as_that_box(
    resize: Resize, size: tuple[int, int], edges: tuple[float, float, float, float]
) -> None:
    left, right = sorted(edges[:2])
    top, bottom = sorted(edges[2:])
    width, height = size
    box = np.array([left * width, top * height, right * width, bottom * height])
    geometry = fitted(width, height, target(resize))
    scales = np.array([geometry.scale_x, geometry.scale_y] * 2)
    in_input = box * scales + [geometry.left, geometry.top] * 2
    assert (in_input >= -1e-6).all()
    assert (in_input <= SIDE + 1e-6).all()
    assert np.allclose(geometry.boxes_to_picture(in_input[np.newaxis])[0], box, atol=1e-6)


def test_what_is_off_the_picture_is_moved_onto_it() -> None:
    geometry = fitted(1280, 720, target(Resize.LETTERBOX))
    boxes = np.array([[-50.0, 0.0, 700.0, 640.0]])
    assert geometry.boxes_to_picture(boxes).tolist() == [[0, 0, 1280, 720]]
    assert geometry.boxes_to_picture(np.empty((0, 4))).shape == (0, 4)


def test_a_box_is_answered_as_corner_and_size() -> None:
    edges = np.array([10.04, 20.0, 30.26, 21.5])
    assert box_json(edges) == {"x": 10.0, "y": 20.0, "width": 20.3, "height": 1.5}
