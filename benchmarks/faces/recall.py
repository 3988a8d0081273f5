"""How many of the faces are found, and how many boxes are no face. Pure but for the search."""

from collections.abc import Iterable
from dataclasses import dataclass

from backend.faces import Box
from benchmarks.faces.scenes import Scene
from benchmarks.faces.ways import Find

SAME_FACE_OVERLAP = 0.4


@dataclass(frozen=True)
class Outcome:
    """What one search made of one scene."""

    face_px: int
    light: str
    faces: int
    found: int
    false: int


def overlap(one: Box, other: Box) -> float:
    """Area of the intersection ÷ area of the union."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    common = max(width, 0) * max(height, 0)
    return common / (one.area + other.area - common)


def outcome(find: Find, scene: Scene) -> Outcome:
    boxes = find(scene.pixels)
    found = sum(any(_same(face, box) for box in boxes) for face in scene.boxes)
    false = sum(not any(_same(face, box) for face in scene.boxes) for box in boxes)
    return Outcome(scene.face_px, scene.light, len(scene.boxes), found, false)


def recall(outcomes: Iterable[Outcome]) -> float | None:
    """Part of the faces that were found; None where there was none to find."""
    outcomes = list(outcomes)
    faces = sum(one.faces for one in outcomes)
    return sum(one.found for one in outcomes) / faces if faces else None


def false_faces(outcomes: Iterable[Outcome]) -> float | None:
    """Boxes that are no face, per picture; None without pictures."""
    outcomes = list(outcomes)
    return sum(one.false for one in outcomes) / len(outcomes) if outcomes else None


def _same(face: Box, box: Box) -> bool:
    return overlap(face, box) >= SAME_FACE_OVERLAP
