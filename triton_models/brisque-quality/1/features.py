"""BRISQUE: how much a picture is spoilt, from the statistics of its luminance.

Pure numpy, a picture in, numbers out; nothing here knows Triton. Where the paper leaves a choice
(grey, borders, the second scale's resize) it is that of the package whose regression is used.

Source: Mittal, Moorthy and Bovik, No-Reference Image Quality Assessment in the Spatial Domain,
IEEE Transactions on Image Processing 21 (12), 2012; for the fits, Lasmar, Stitou and Berthoumieu,
Multiscale skewed heavy tailed model for texture analysis, 2009.
"""

import math
from pathlib import Path

import numpy as np

SCALES = 2
FEATURES = 18 * SCALES
GREY = (0.2125, 0.7154, 0.0721)
STABILISER = 1 / 255  # C of the paper, for luminance 0–1
_OFFSETS = np.arange(-3, 4)
_WINDOW = np.exp(-(_OFFSETS**2) / (2 * (7 / 6) ** 2))
WINDOW = _WINDOW / _WINDOW.sum()  # 7 × 7 Gaussian of deviation 7/6, one side of it
# Cubic convolution with a = -3/4, halfway between two pixels.
HALVING = np.array([-0.09375, 0.59375, 0.59375, -0.09375])
# Shapes that a fit may have, and the ratio of moments that each of them has.
SHAPES = np.linspace(0.1, 20, 19901)


def _moments(shape):
    """Squared mean magnitude over mean square, of a generalised Gaussian."""
    gammas = [math.lgamma(k / shape) for k in (1, 2, 3)]
    return math.exp(2 * gammas[1] - gammas[0] - gammas[2])


_RATIOS = np.array([_moments(shape) for shape in SHAPES.tolist()])


class Regression:
    """The support vectors that turn features into a score.

    Args:
        file: npz with `support` (N, 36), `coefficients` (N,), `minimum` and `maximum` (36,) of the
            features, `gamma` and `rho`.
    """

    def __init__(self, file: Path):
        with np.load(file) as arrays:
            values = {name: arrays[name].astype(np.float64) for name in arrays.files}
        self._support, self._coefficients = values["support"], values["coefficients"]
        self._minimum, self._range = values["minimum"], values["maximum"] - values["minimum"]
        self._gamma, self._rho = float(values["gamma"]), float(values["rho"])

    def score(self, image: np.ndarray) -> float:
        """0 is best and 100 worst; a picture unlike those that it learnt from may be beyond.

        Args:
            image: uint8 (height, width, 3), RGB.
        """
        scaled = 2 * (features(image) - self._minimum) / self._range - 1
        distances = np.square(self._support - scaled).sum(1)
        return float(self._coefficients @ np.exp(-self._gamma * distances)) - self._rho


def features(image: np.ndarray) -> np.ndarray:
    """18 numbers for the picture and 18 for half its size, float64 (36,).

    Of each: shape and variance of the normalised luminance, then shape, mean and the variances to
    the left and to the right of the products of neighbours: beside, below, and on both diagonals.
    """
    if image.dtype != np.uint8 or image.shape[2:] != (3,) or min(image.shape[:2]) < 8:
        got = f"{image.dtype} {image.shape}"
        raise ValueError(f"want uint8 (height, width, 3), 8 pixels or more each way, got {got}")
    luminance = image @ (np.array(GREY) / 255)
    return np.concatenate([_of_scale(luminance), _of_scale(_halved(luminance))])


def _of_scale(luminance):
    n = _normalised(luminance)
    shape, _, left, right = _fit(n)
    neighbours = (
        n[:, :-1] * n[:, 1:],
        n[:-1] * n[1:],
        n[:-1, :-1] * n[1:, 1:],
        n[1:, :-1] * n[:-1, 1:],
    )
    return np.concatenate([[shape, (left + right) / 2], *map(_fit, neighbours)])


def _normalised(luminance):
    """Mean subtracted, contrast normalised; what is beyond the border is black."""
    mean = _smoothed(luminance)
    variance = np.abs(_smoothed(luminance * luminance) - mean * mean)
    return (luminance - mean) / (np.sqrt(variance) + STABILISER)


def _smoothed(plane):
    for _ in range(2):  # down the columns, then, turned, along the rows
        length = plane.shape[0]
        padded = np.pad(plane, ((3, 3), (0, 0)))
        plane = WINDOW[3] * plane
        for k in range(3):
            plane += WINDOW[k] * (padded[k : k + length] + padded[6 - k : 6 - k + length])
        plane = plane.T
    return plane


def _halved(plane):
    """Half the size, with neither smoothing before nor anything but the edge beyond the border."""
    for _ in range(2):
        length = round(plane.shape[0] / 2)
        padded = np.pad(plane, ((1, 2), (0, 0)), mode="edge")
        plane = sum(HALVING[k] * padded[k : k + 2 * length : 2] for k in range(4)).T
    return plane


def _fit(values):
    """Shape, mean and both variances of an asymmetric generalised Gaussian, by its moments.

    Where there is nothing to fit, as in a black picture, the variances are those there are and the
    shape is the one of a Gaussian.
    """
    negative = np.minimum(values, 0)
    square, left_square = float(np.vdot(values, values)), float(np.vdot(negative, negative))
    magnitude = float(values.sum() - 2 * negative.sum())
    count, left_count = values.size, int(np.count_nonzero(negative))
    left = left_square / max(left_count, 1)
    right = (square - left_square) / max(count - left_count, 1)
    if left <= 0 or right <= 0:
        return np.array([2.0, 0.0, left, right])
    skew = math.sqrt(left / right)
    ratio = magnitude**2 / count / square
    ratio *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    shape = float(np.interp(ratio, _RATIOS, SHAPES))
    gammas = [math.lgamma(k / shape) for k in (1, 2, 3)]
    spread = math.exp(gammas[1] - (gammas[0] + gammas[2]) / 2)
    mean = (math.sqrt(right) - math.sqrt(left)) * spread
    return np.array([shape, mean, left, right])
