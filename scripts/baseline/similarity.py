"""How much of a pristine picture a degraded one keeps: the scale that all families share."""

import numpy as np
from numpy.typing import NDArray

SCALES = 4
GRADIENT_FLOOR = 4.0  # grey levels; differences fainter than this are hardly seen
LUMINANCE_FLOOR = 10.0
LUMINANCE_WEIGHT = 0.5

Plane = NDArray[np.floating]


def similarity(pristine: NDArray[np.uint8], degraded: NDArray[np.uint8]) -> float:
    """Compare two pictures of one size, uint8 (height, width, 3): 1 where they are equal.

    The geometric mean, over four octaves, of the mean similarity of gradient magnitudes, times
    that of local luminance. Source of the gradient term: Xue et al. 2014, "Gradient magnitude
    similarity deviation"; the octaves, the pooling and the luminance term are this project's.
    """
    one, other = _luma(pristine), _luma(degraded)
    product = 1.0
    for _ in range(SCALES):
        product *= _agreement(_gradient(one), _gradient(other), GRADIENT_FLOOR)
        one, other = _halved(one), _halved(other)
    light = _agreement(one, other, LUMINANCE_FLOOR)
    return float(product ** (1 / SCALES) * light**LUMINANCE_WEIGHT)


def _agreement(one: Plane, other: Plane, floor: float) -> float:
    """Pooled by what is there to be seen in either picture, so that flat walls do not decide."""
    alike = (2 * one * other + floor**2) / (one**2 + other**2 + floor**2)
    weight = np.maximum(one, other) + 1
    return float((alike * weight).sum() / weight.sum())


def _luma(picture: NDArray[np.uint8]) -> Plane:
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    luma: Plane = picture.astype(np.float32) @ weights
    return luma


def _gradient(plane: Plane) -> Plane:
    across = plane[:-1, 1:] - plane[:-1, :-1]
    down = plane[1:, :-1] - plane[:-1, :-1]
    magnitude: Plane = np.sqrt(across**2 + down**2)
    return magnitude


def _halved(plane: Plane) -> Plane:
    height, width = plane.shape[0] // 2 * 2, plane.shape[1] // 2 * 2
    plane = plane[:height, :width]
    mean: Plane = (plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]) / 4
    return mean
