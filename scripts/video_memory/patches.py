"""From frames to what the model is given: the whole frame in patches, and what was detected."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from scripts.video_memory.sizes import Sizes

# Of the pictures that most published encoders were trained with, on the scale of 0–255.
_MEAN = (123.675, 116.28, 103.53)
_DEVIATION = (58.395, 57.12, 57.375)


def cut(frames: Tensor, boxes: NDArray[np.float32], sizes: Sizes) -> Tensor:
    """Pixel values of a few frames.

    Args:
        frames: uint8 of shape (N, height, width, 3).
        boxes: float32 of shape (N, detections, 4): left, top, right, bottom as parts of the frame.

    Returns:
        Of the dtype of `sizes` and of shape (N × (patches + detections), 3, size, size), a frame's
        patches before its detections.
    """
    pictures = frames.permute(0, 3, 1, 2).float()
    side = sizes.patch_size
    # Of its own, so that what is kept keeps nothing else alive.
    made = torch.empty((len(frames), sizes.tiles, 3, side, side), device=frames.device)
    _write_patches(made[:, : sizes.patches], pictures, sizes)
    _write_detected(made[:, sizes.patches :], pictures, boxes, sizes)
    mean, deviation = (
        torch.tensor(values, device=frames.device).view(3, 1, 1) for values in (_MEAN, _DEVIATION)
    )
    return made.sub_(mean).div_(deviation).flatten(0, 1).to(getattr(torch, sizes.dtype))


def _write_patches(made: Tensor, pictures: Tensor, sizes: Sizes) -> None:
    """(N, 3, height, width) → (N, patches, 3, size, size), row by row."""
    (columns, rows), side = sizes.grid, sizes.patch_size
    resized = _resized(pictures, rows * side, columns * side)
    for place in range(sizes.patches):
        top, left = place // columns * side, place % columns * side
        made[:, place] = resized[:, :, top : top + side, left : left + side]


def _write_detected(
    made: Tensor, pictures: Tensor, boxes: NDArray[np.float32], sizes: Sizes
) -> None:
    """(N, 3, height, width) → (N, detections, 3, size, size)."""
    side = sizes.patch_size
    for picture, found, tiles in zip(pictures, boxes, made, strict=True):
        for box, tile in zip(found, tiles, strict=True):
            left, top, right, bottom = edges(box, sizes.width, sizes.height)
            tile.copy_(_resized(picture[None, :, top:bottom, left:right], side, side)[0])


def edges(box: NDArray[np.float32], width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a box in pixels; at least one pixel, within the frame."""
    left = min(int(box[0] * width), width - 1)
    top = min(int(box[1] * height), height - 1)
    right = min(max(left + 1, round(float(box[2]) * width)), width)
    bottom = min(max(top + 1, round(float(box[3]) * height)), height)
    return left, top, right, bottom


def _resized(pictures: Tensor, height: int, width: int) -> Tensor:
    return functional.interpolate(
        pictures, (height, width), mode="bilinear", antialias=True, align_corners=False
    )
