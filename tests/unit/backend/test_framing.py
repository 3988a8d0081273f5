"""What the size, place and number of faces mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend import framing
from backend.framing import Box

WIDTH, HEIGHT = 1280, 720
MIDDLE = Box(540, 224, 200, 200)


@st.composite
def pictures_with_a_box(draw: st.DrawFn) -> tuple[Box, int, int]:
    width, height = draw(st.integers(32, 4000)), draw(st.integers(32, 4000))
    side = draw(st.integers(1, min(width, height)))
    x, y = draw(st.integers(0, width - side)), draw(st.integers(0, height - side))
    return Box(x, y, side, side), width, height


@given(pictures_with_a_box())
def test_the_crop_is_a_square_inside_the_picture_with_the_face_in_it(
    case: tuple[Box, int, int],
) -> None:
    box, width, height = case
    left, top, right, bottom = framing.crop_square(box, width, height)
    assert right - left == pytest.approx(bottom - top)
    assert right - left == pytest.approx(min(1.6 * box.width, width, height))
    assert left >= 0
    assert top >= 0
    assert right <= width + 1e-9
    assert bottom <= height + 1e-9
    assert left <= box.x + 1e-9
    assert top <= box.y + 1e-9
    assert right >= box.x + box.width - 1e-9
    assert bottom >= box.y + box.height - 1e-9


def test_the_crop_is_centred_on_the_face_where_there_is_room() -> None:
    assert framing.crop_square(MIDDLE, WIDTH, HEIGHT) == (480, 164, 800, 484)


def test_the_crop_is_moved_where_it_would_leave_the_picture() -> None:
    assert framing.crop_square(Box(0, 520, 200, 200), WIDTH, HEIGHT) == (0, 400, 320, 720)


def test_a_box_scales_with_its_picture() -> None:
    assert Box(10, 20, 30, 40).scaled(2.5) == Box(25, 50, 75, 100)


@pytest.mark.parametrize(
    ("side", "measure"), [(60, 0), (72, 0), (126, 50), (180, 100), (450, 100), (531, 50), (650, 0)]
)
def test_the_size_counts_beside_the_shorter_side(side: int, measure: float) -> None:
    box = Box(0, 0, side, side)
    assert framing.size_measure(box, WIDTH, HEIGHT) == pytest.approx(measure, abs=0.5)
    assert framing.size_measure(box, HEIGHT, WIDTH) == framing.size_measure(box, WIDTH, HEIGHT)


@pytest.mark.parametrize(
    ("right_px", "measure"), [(0, 100), (72, 100), (216, 50), (360, 0), (500, 0)]
)
def test_the_place_counts_from_a_little_above_the_middle(right_px: int, measure: float) -> None:
    box = Box(MIDDLE.x + right_px, MIDDLE.y, 200, 200)
    assert framing.position_measure(box, WIDTH, HEIGHT) == pytest.approx(measure)


def test_one_face_alone_is_worth_everything_and_two_alike_nothing() -> None:
    assert framing.single_face_measure([MIDDLE]) == 100
    assert framing.single_face_measure([MIDDLE, Box(0, 0, 100, 100)]) == 75
    assert framing.single_face_measure([MIDDLE, MIDDLE]) == 0


def test_the_measures_of_a_face_have_the_names_that_answers_give_them() -> None:
    boxes = [MIDDLE, Box(0, 0, 100, 100)]
    assert framing.measures(boxes, WIDTH, HEIGHT) == {
        "face_size": 100,
        "face_position": 100,
        "single_face": 75,
    }
    assert framing.measures([], WIDTH, HEIGHT) == {}


def test_without_a_face_that_is_all_there_is_to_say() -> None:
    assert framing.guidance([], WIDTH, HEIGHT) == ["no_face"]


@pytest.mark.parametrize(
    ("boxes", "advice"),
    [
        ([MIDDLE], []),
        ([MIDDLE, Box(0, 0, 190, 190)], ["several_faces"]),
        ([MIDDLE, Box(0, 0, 110, 110)], []),
        ([Box(600, 280, 80, 80)], ["move_closer"]),
        ([Box(320, 40, 640, 640)], ["move_back"]),
        ([Box(20, 224, 200, 200)], ["centre"]),
        (
            [Box(20, 20, 80, 80), Box(900, 20, 78, 78)],
            ["several_faces", "move_closer", "centre"],
        ),
    ],
)
def test_the_most_important_advice_comes_first(boxes: list[Box], advice: list[str]) -> None:
    assert framing.guidance(boxes, WIDTH, HEIGHT) == advice
