"""Where faces are in a picture, what the scorer gets of it, and what to tell the person.

Frontal faces, upright, by a Haar cascade; docs/face-detection.md says what it finds and misses.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

# Threads of OpenCV's own would take cores from Triton and from other requests.
cv2.setNumThreads(1)

Grey = NDArray[np.uint8]

# The search never sees more pixels than this, whatever the picture's shape: it bounds the time.
SEARCHED_PIXELS = 320 * 180
# The cascade's window; each pass looks for faces from this size to almost twice it.
_WINDOW_PX = 20
# Sizes to an octave: enough to hit a face once, for a second, denser look confirms it. The pass for
# large faces costs little, so it can be the denser one.
_SIZES_PER_OCTAVE, _LARGE_SIZES_PER_OCTAVE = 3, 6
# The second look has the face at this size, with this much around it, and wants three hits there.
_CONFIRMED_PX = 40
_CONFIRMED_CONTEXT = 1.6
_CONFIRMED_NEIGHBOURS = 2
# The cascade passes over windows whose grey levels deviate by less than 10, as dark faces do.
_CONTRAST_LIMIT = 4.0

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


def find(pixels: NDArray[np.uint8]) -> tuple[Box, ...]:
    """Frontal faces, the largest first.

    Faces of under a fifth of the shorter side are looked for only where there is no larger one.

    Args:
        pixels: uint8 (height, width, 3 or 4), upright RGB or RGBX.
    """
    code = cv2.COLOR_RGBA2GRAY if pixels.shape[2] == 4 else cv2.COLOR_RGB2GRAY
    grey = np.asarray(cv2.cvtColor(pixels, code), np.uint8)
    with _finder() as finder:
        return finder.find(grey)


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


def _cascade() -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_alt2.xml")


@dataclass(frozen=True)
class _Finder:
    """OpenCV's objects for one search at a time: they may not be shared between threads."""

    cascade: cv2.CascadeClassifier = field(default_factory=_cascade)
    contrast: cv2.CLAHE = field(
        default_factory=lambda: cv2.createCLAHE(clipLimit=_CONTRAST_LIMIT, tileGridSize=(4, 4))
    )

    def find(self, grey: Grey) -> tuple[Box, ...]:
        shrink = math.ceil(math.sqrt(grey.size / SEARCHED_PIXELS))
        fine = _shrunk(grey, shrink)
        coarse = _shrunk(fine, 2)
        hits = self._hits(coarse, 2 * shrink, _SIZES_PER_OCTAVE)
        hits += self._hits(_shrunk(coarse, 2), 4 * shrink, _LARGE_SIZES_PER_OCTAVE)
        if faces := self._confirmed(grey, hits):
            return faces
        # Small faces cost three times as much as all others.
        return self._confirmed(grey, self._hits(fine, shrink, _SIZES_PER_OCTAVE))

    def _hits(self, grey: Grey, shrink: int, sizes: int) -> list[Box]:
        """Windows of one octave of sizes that may be a face, in pixels before shrinking."""
        if min(grey.shape) < _WINDOW_PX:
            return []
        found = self.cascade.detectMultiScale(
            self.contrast.apply(grey),
            scaleFactor=2 ** (1 / sizes),
            minNeighbors=0,
            maxSize=(2 * _WINDOW_PX - 1, 2 * _WINDOW_PX - 1),
        )
        return [_box(window).scaled(shrink) for window in found]

    def _confirmed(self, grey: Grey, hits: Iterable[Box]) -> tuple[Box, ...]:
        """The hits that are faces, one box for each face, the largest first."""
        windows = [(hit.x, hit.y, hit.width, hit.height) for hit in hits]
        # OpenCV drops groups of one; each hit given twice is a group.
        groups, _ = cv2.groupRectangles(windows * 2, 1, 0.3) if windows else ((), ())
        looks = chain.from_iterable(self._look_closer(grey, _box(group)) for group in groups)
        faces: list[Box] = []
        for box in sorted(looks, key=lambda box: box.area, reverse=True):
            if not any(face.holds(box.centre) for face in faces):
                faces.append(box)
        return tuple(faces)

    def _look_closer(self, grey: Grey, hit: Box) -> Iterator[Box]:
        """The largest face at a hit, from a denser search of its surroundings."""
        reach = round(hit.width * _CONFIRMED_CONTEXT / 2)
        x, y = (int(middle) for middle in hit.centre)
        left, top = max(x - reach, 0), max(y - reach, 0)
        shrink = max(1, hit.width // _CONFIRMED_PX)
        scale = _CONFIRMED_PX / hit.width
        cut = _shrunk(grey[top : y + reach, left : x + reach], shrink)
        cut = cv2.resize(cut, None, fx=scale * shrink, fy=scale * shrink)
        found = self.cascade.detectMultiScale(
            cv2.equalizeHist(cut),
            scaleFactor=1.1,
            minNeighbors=_CONFIRMED_NEIGHBOURS,
            minSize=(_CONFIRMED_PX * 3 // 4, _CONFIRMED_PX * 3 // 4),
            maxSize=(_CONFIRMED_PX * 4 // 3, _CONFIRMED_PX * 4 // 3),
        )
        if len(found):
            face = max(map(_box, found), key=lambda box: box.area).scaled(1 / scale)
            yield Box(left + face.x, top + face.y, face.width, face.height)


def _box(window: Sequence[int] | NDArray[np.integer]) -> Box:
    return Box(*(int(edge) for edge in window))


def _shrunk(grey: Grey, factor: int) -> Grey:
    """Mean of each factor × factor block; a last row or column that is no whole block is lost."""
    height, width = grey.shape[0] // factor, grey.shape[1] // factor
    if factor == 1 or not height or not width:
        return grey
    whole = grey[: height * factor, : width * factor]
    # Whole factors are several times faster here than any others.
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


# Finders that nobody is using. `deque` pops and appends without a lock of ours.
_idle: deque[_Finder] = deque()


@contextmanager
def _finder() -> Iterator[_Finder]:
    try:
        finder = _idle.pop()
    except IndexError:
        finder = _Finder()
    try:
        yield finder
    finally:
        _idle.append(finder)
