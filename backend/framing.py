"""Faces in a picture: how large, where, how many; what the scorer gets and what people are told."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# The square for the scorer is this many times the face's side: forehead, chin and ears with it.
CROP_MARGIN = 1.6
# Face's side ÷ the picture's shorter side. From 0.25 on, the crop of a picture of 880 lines or
# more fills the scorer's 352 pixels without being enlarged; above 1 / CROP_MARGIN it is cut off.
SMALLEST_FACE, SMALL_FACE = 0.10, 0.25
LARGE_FACE, LARGEST_FACE = 1 / CROP_MARGIN, 0.85
# Heads sit above the middle, for the shoulders are below. Distances are parts of the shorter side.
IDEAL_HEIGHT = 0.45
CENTRED_WITHIN, OFF_CENTRE = 0.10, 0.50
# Advice begins where half of a measure is lost.
ADVICE_BELOW = 50.0
# A face of under a third of the area belongs to someone in the background.
SECOND_FACE_AREA_RATIO = 0.35


@dataclass(frozen=True)
class Box:
    """Square around a face, brows to chin, in pixels of its picture."""

    x: int
    y: int
    width: int
    height: int

    @property
    def area(self) -> int:
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def holds(self, point: tuple[float, float]) -> bool:
        return (
            self.x <= point[0] < self.x + self.width and self.y <= point[1] < self.y + self.height
        )

    def scaled(self, factor: float) -> "Box":
        """The same box in a picture that many times as large."""
        edges = (self.x, self.y, self.width, self.height)
        return Box(*(round(edge * factor) for edge in edges))


def crop_square(box: Box, width: int, height: int) -> tuple[float, float, float, float]:
    """The square around a face that the scorer gets: left, top, right, bottom in pixels.

    It is moved, not made smaller, where it would leave the picture of that width and height.
    """
    side = min(CROP_MARGIN * max(box.width, box.height), width, height)
    x, y = box.centre
    left = min(max(x - side / 2, 0.0), width - side)
    top = min(max(y - side / 2, 0.0), height - side)
    return left, top, left + side, top + side


def size_measure(box: Box, width: int, height: int) -> float:
    """0–100: 100 where the face is neither too small nor too large for the picture."""
    ratio = _size_ratio(box, width, height)
    from_small = (ratio - SMALLEST_FACE) / (SMALL_FACE - SMALLEST_FACE)
    from_large = (LARGEST_FACE - ratio) / (LARGEST_FACE - LARGE_FACE)
    return 100 * _clipped(min(from_small, from_large))


def position_measure(box: Box, width: int, height: int) -> float:
    """0–100: 100 where the face is near the middle, a little above it."""
    x, y = box.centre
    distance = math.hypot(x - width / 2, y - height * IDEAL_HEIGHT) / min(width, height)
    return 100 * _clipped((OFF_CENTRE - distance) / (OFF_CENTRE - CENTRED_WITHIN))


def single_face_measure(boxes: Sequence[Box]) -> float:
    """0–100: how little the second largest of at least one face takes up beside the largest.

    Source: OFIQ 1.0.3, single face present.
    """
    return 100 * (1 - _second_face_ratio(boxes))


def measures(boxes: Sequence[Box], width: int, height: int) -> dict[str, float]:
    """Those of the largest face, 0–100 each; none where there is none."""
    if not boxes:
        return {}
    return {
        "face_size": size_measure(boxes[0], width, height),
        "face_position": position_measure(boxes[0], width, height),
        "single_face": single_face_measure(boxes),
    }


def guidance(boxes: Sequence[Box], width: int, height: int) -> list[str]:
    """What the person should do, the most important first; boxes as `find` returns them."""
    if not boxes:
        return ["no_face"]
    face = boxes[0]
    too_small = _size_ratio(face, width, height) < SMALL_FACE
    badly_sized = size_measure(face, width, height) < ADVICE_BELOW
    advice = {
        "several_faces": _second_face_ratio(boxes) >= SECOND_FACE_AREA_RATIO,
        "move_closer": badly_sized and too_small,
        "move_back": badly_sized and not too_small,
        "centre": position_measure(face, width, height) < ADVICE_BELOW,
    }
    return [code for code, given in advice.items() if given]


def _size_ratio(box: Box, width: int, height: int) -> float:
    return max(box.width, box.height) / min(width, height)


def _second_face_ratio(boxes: Sequence[Box]) -> float:
    return boxes[1].area / boxes[0].area if len(boxes) > 1 else 0.0


def _clipped(ratio: float) -> float:
    return min(max(ratio, 0.0), 1.0)
