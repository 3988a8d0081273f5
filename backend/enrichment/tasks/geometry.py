"""Where a picture lies in a model's input, and where a place in the input is in the picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.enrichment.model_spec import PictureInput, Resize

# Edges of boxes: left, top, right, bottom; a pixel's left edge is its column, its right edge one
# more.
Boxes = NDArray[np.floating]


@dataclass(frozen=True)
class Geometry:
    """A place in the input is a place in the picture times the scale, plus left or top.

    Attributes:
        width, height: of the picture, in pixels.
        left, top: of the picture's corner in the input; negative where the crop has cut it off.
        frames: how many pictures were sent; a longer window is filled by repetition.
    """

    width: int
    height: int
    scale_x: float
    scale_y: float
    left: float
    top: float
    frames: int = 1

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """Of the picture in the input: left, top, right, bottom."""
        return (
            self.left,
            self.top,
            self.left + self.width * self.scale_x,
            self.top + self.height * self.scale_y,
        )

    def to_picture(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Places (…, 2) in the input as places in the picture, moved onto it where they are off."""
        offset, scale = (self.left, self.top), (self.scale_x, self.scale_y)
        places = (np.asarray(points, np.float64) - offset) / scale
        return np.clip(places, 0, (self.width, self.height))

    def boxes_to_picture(self, boxes: Boxes) -> NDArray[np.float64]:
        """The same of boxes (N, 4)."""
        return self.to_picture(boxes.reshape(-1, 2, 2)).reshape(-1, 4)


def fitted(width: int, height: int, target: PictureInput) -> Geometry:
    """How a picture of that width and height is laid into the input."""
    if target.resize is Resize.NONE:
        return Geometry(width, height, 1, 1, 0, 0)
    across, down = target.width / width, target.height / height
    if target.resize is Resize.STRETCH:
        return Geometry(width, height, across, down, 0, 0)
    if target.resize is Resize.CENTER_CROP:
        scale = max(across, down) / target.crop_ratio
        left, top = (target.width - width * scale) / 2, (target.height - height * scale) / 2
        return Geometry(width, height, scale, scale, left, top)
    # The picture gets whole pixels, so that its ratio may change by a part of one.
    scale = down if target.resize is Resize.PAD_RIGHT else min(across, down)
    taken_x = min(max(round(width * scale), 1), target.width)
    taken_y = min(max(round(height * scale), 1), target.height)
    centred = target.resize is Resize.LETTERBOX
    left = (target.width - taken_x) // 2 if centred else 0
    top = (target.height - taken_y) // 2 if centred else 0
    return Geometry(width, height, taken_x / width, taken_y / height, left, top)


def box_json(box: NDArray[np.floating]) -> dict[str, float]:
    """Edges in the picture as an answer has them."""
    left, top, right, bottom = (round(float(edge), 1) for edge in box)
    return {
        "x": left,
        "y": top,
        "width": round(right - left, 1),
        "height": round(bottom - top, 1),
    }
