"""Pixels → the tensor that a model takes."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from backend.enrichment.model_spec import PROMPTS_INPUT, ModelSpec, PictureInput, Resize
from backend.enrichment.tasks.geometry import Geometry, fitted
from backend.enrichment.tasks.options import Options, prompts_for
from backend.images import as_picture

Pixels = NDArray[np.uint8]
Tensors = dict[str, NDArray[np.generic]]

_FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


def prepare(pixels: Pixels, spec: ModelSpec, options: Options) -> tuple[Tensors, Geometry]:
    """Everything that a model is sent for one picture, and how the picture lies in it.

    Args:
        pixels: uint8 (height, width, 3 or 4), upright RGB; a fourth channel is not looked at.

    Returns:
        Tensors by input name, with the batch axis: (1, 3, height, width) in float32, or uint8
        (1, height, width, 3) for a model that takes the picture as it is; prompts as (1, count).

    Raises:
        MalformedRequest: prompts that the model cannot take.
    """
    values, geometry = fit(pixels, spec.input)
    return with_prompts({spec.input.name: values[np.newaxis]}, spec, options), geometry


def with_prompts(tensors: Tensors, spec: ModelSpec, options: Options) -> Tensors:
    """The tensors and, for a model that takes text, its prompts as UTF-8."""
    prompts = prompts_for(spec, options)
    if not prompts:
        return tensors
    return {
        **tensors,
        PROMPTS_INPUT: np.array([[prompt.encode() for prompt in prompts]], dtype=np.object_),
    }


def fit(pixels: Pixels, target: PictureInput) -> tuple[NDArray[np.generic], Geometry]:
    """One picture in the input's size and numbers, without the batch axis."""
    height, width = pixels.shape[:2]
    geometry = fitted(width, height, target)
    if target.resize is Resize.NONE:
        return np.ascontiguousarray(pixels[:, :, :3]), geometry
    left, top, right, bottom = _covered(geometry, target)
    # Cropping within the resize leaves the margins out of the work.
    corners = np.array([[left, top], [right, bottom]], np.float64)
    (x, y), (far_x, far_y) = geometry.to_picture(corners).tolist()
    resized = np.asarray(
        as_picture(pixels).resize(
            (right - left, bottom - top), _FILTERS[target.interpolation], box=(x, y, far_x, far_y)
        )
    )
    values = np.empty((3, target.height, target.width), np.float32)
    for channel, (mean, std) in enumerate(zip(target.mean, target.std, strict=True)):
        plane = values[channel]
        plane.fill((target.fill / 255 - mean) / std)
        source = channel if target.channels == "RGB" else 2 - channel
        place = plane[top:bottom, left:right]
        np.multiply(resized[:, :, source], np.float32(1 / (255 * std)), out=place)
        place -= np.float32(mean / std)
    return values, geometry


def _covered(geometry: Geometry, target: PictureInput) -> tuple[int, int, int, int]:
    """Edges of what the picture covers of the input: left, top, right, bottom."""
    left, top, right, bottom = map(round, geometry.edges)
    return max(left, 0), max(top, 0), min(right, target.width), min(bottom, target.height)
