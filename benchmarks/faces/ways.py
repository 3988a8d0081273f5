"""What `backend.faces.find` is compared with: one plain search of the picture, made smaller or not."""

from collections.abc import Callable, Mapping
from functools import cache, partial

import cv2
import numpy as np
from numpy.typing import NDArray

from backend.faces import Box, find

Find = Callable[[NDArray[np.uint8]], tuple[Box, ...]]

OURS = "this project"
_PLAIN_NEIGHBOURS = 3


def ways() -> Mapping[str, Find]:
    """Name → search; every plain one wants three neighbouring hits, as OpenCV does by itself."""
    return {
        OURS: find,
        "alt2, 160 px wide, scale 1.2": partial(plain, "alt2", 160, 1.2),
        "alt2, 320 px wide, scale 1.2": partial(plain, "alt2", 320, 1.2),
        "alt2, 320 px wide, scale 1.1": partial(plain, "alt2", 320, 1.1),
        "alt, 320 px wide, scale 1.1": partial(plain, "alt", 320, 1.1),
        "default, 320 px wide, scale 1.1": partial(plain, "default", 320, 1.1),
    }


def at_full_width(pixels: NDArray[np.uint8]) -> tuple[Box, ...]:
    """Too slow to run on every scene."""
    return plain("alt2", pixels.shape[1], 1.1, pixels)


def plain(
    cascade: str, width: int, scale_factor: float, pixels: NDArray[np.uint8]
) -> tuple[Box, ...]:
    """`detectMultiScale` on the grey picture at that width."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    factor = pixels.shape[1] / width
    if factor > 1:
        size = (width, round(pixels.shape[0] / factor))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    found = _cascade(cascade).detectMultiScale(
        grey, scaleFactor=scale_factor, minNeighbors=_PLAIN_NEIGHBOURS
    )
    boxes = [Box(*(int(edge) for edge in window)).scaled(factor) for window in found]
    return tuple(sorted(boxes, key=lambda box: box.area, reverse=True))


@cache
def _cascade(name: str) -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(f"{cv2.data.haarcascades}haarcascade_frontalface_{name}.xml")
