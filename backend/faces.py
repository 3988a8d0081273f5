"""Where faces are in a picture.

Frontal faces, upright, by a Haar cascade; docs/face-detection.md says what it finds and misses.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain

import cv2
import cv2.data
import numpy as np
from numpy.typing import NDArray

from backend.framing import Box

# Threads of OpenCV's own would take cores from Triton and from other requests.
cv2.setNumThreads(1)

Grey = NDArray[np.uint8]

# The search never sees more pixels than this, whatever the picture's shape: it bounds the time.
SEARCHED_PIXELS = 320 * 180
# The cascade's window; each pass looks for faces from this size to almost twice it.
_WINDOW_PX = 20
# Sizes to an octave: enough to hit a face once, for a second, denser look confirms it. The pass for
# large faces costs little, so it can be the denser one.
_SIZES_PER_OCTAVE, _LARGE_SIZES_PER_OCTAVE = 3, 5
# The second look has the face at this size, in a cut so many times as wide; it wants three hits.
_CONFIRMED_PX = 36
_CONFIRMED_CONTEXT = 1.5
_CONFIRMED_NEIGHBOURS, _CONFIRMED_SCALE = 2, 1.1
# The cascade passes over windows whose grey levels deviate by less than 10, as dark faces do.
_CONTRAST_LIMIT = 4.0


def find(pixels: NDArray[np.uint8]) -> tuple[Box, ...]:
    """Frontal faces, the largest first.

    Faces of under about a quarter of the shorter side are looked for only where there is no larger
    one, those of under about a ninth not at all.

    Args:
        pixels: uint8 (height, width, 3 or 4), upright RGB or RGBX.
    """
    code = cv2.COLOR_RGBA2GRAY if pixels.shape[2] == 4 else cv2.COLOR_RGB2GRAY
    grey = np.asarray(cv2.cvtColor(pixels, code), np.uint8)
    with _finder() as finder:
        return finder.find(grey)


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
        seen = cv2.resize(cut, None, fx=scale * shrink, fy=scale * shrink)
        found = self.cascade.detectMultiScale(
            cv2.equalizeHist(seen),
            scaleFactor=_CONFIRMED_SCALE,
            minNeighbors=_CONFIRMED_NEIGHBOURS,
            minSize=(_CONFIRMED_PX * 3 // 4, _CONFIRMED_PX * 3 // 4),
            maxSize=(_CONFIRMED_PX * 4 // 3, _CONFIRMED_PX * 4 // 3),
        )
        if len(found):
            face = max(map(_box, found), key=lambda box: box.area).scaled(1 / scale)
            yield _inside(Box(left + face.x, top + face.y, face.width, face.height), grey)


def _box(window: Sequence[int] | NDArray[np.integer]) -> Box:
    return Box(*(int(edge) for edge in window))


def _inside(box: Box, grey: Grey) -> Box:
    """The same square where rounding has carried it over the picture's edge."""
    height, width = grey.shape
    side = min(box.width, width, height)
    return Box(min(box.x, width - side), min(box.y, height - side), side, side)


def _shrunk(grey: Grey, factor: int) -> Grey:
    """Mean of each factor × factor block; a last row or column that is no whole block is lost."""
    # Halving is several times faster than all else, and other whole factors than fractions.
    step = 2 if factor % 2 == 0 else factor
    height, width = grey.shape[0] // step, grey.shape[1] // step
    if step == 1 or not height or not width:
        return grey
    whole = grey[: height * step, : width * step]
    smaller = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    return _shrunk(np.asarray(smaller, np.uint8), factor // step)


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
