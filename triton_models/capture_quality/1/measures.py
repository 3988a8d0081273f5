"""Capture quality of one picture: measures after OFIQ v1.0.3, and one score out of them.

Pure numpy, a picture in, numbers out; nothing here knows Triton. The first six measures use OFIQ's
formulas, over the whole crop where OFIQ looks at the face alone. OFIQ's sharpness is a trained
forest, which is not part of this project: sharpness, noise and compression are this project's own.
Constants without a source were set by hand on seven pictures: see docs/quality-measures.md.
"""

from functools import lru_cache

import numpy as np

# The measures in the order of the output tensor, and their exponents in the score. Those of light
# weigh little each: they fall together, and a good picture of a dark room has a low linear mean.
# luminance_variance has no say: its formula peaks at a variance of 1/60, so that darkening a
# contrasty picture would earn points.
WEIGHTS = {
    "luminance_mean": 0.2,
    "luminance_variance": 0.0,
    "under_exposure": 0.25,
    "over_exposure": 0.4,
    "dynamic_range": 0.3,
    "natural_colour": 0.05,
    "sharpness": 1.0,
    "noise": 1.0,
    "compression": 1.0,
}
MEASURES = tuple(WEIGHTS)
# over_exposure is 50 where 1 % of the pixels is clipped. Highlights that small are no fault, and
# a blur that smears them away must not earn points.
ENOUGH = {"over_exposure": 50.0}
# Added to every measure in the product: one that is 0 ruins the score yet leaves the others a say,
# so that of two hopeless pictures the worse one still scores less.
FLOOR = 5.0

_LEVEL = np.arange(256) / 255
# IEC 61966-2-1: stored value to linear light, and linear RGB to XYZ under D65.
_LINEAR = np.where(_LEVEL <= 0.04045, _LEVEL / 12.92, ((_LEVEL + 0.055) / 1.055) ** 2.4)
_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
# Each channel's share of Y, 0–255 with 16 binary places: a look-up per channel, exact additions.
_Y_RED, _Y_GREEN, _Y_BLUE = np.rint(np.outer(_XYZ[1], _LINEAR) * (255 << 16)).astype(np.uint32)
# Rows divided by their sums: white is (1, 1, 1), which is what CIELAB starts from.
_WHITE_XYZ = (_XYZ / _XYZ.sum(1, keepdims=True)).T.astype(np.float32)
_LINEAR_F32 = _LINEAR.astype(np.float32)

HISTOGRAM_SIDE, COLOUR_SIDE = 176, 64  # points along the short side: shares and means need no more
OCTAVES = 4  # sharpness looks at the picture at 1, 1/2, 1/4 and 1/8 of its size, against 1/16
SHARP_HALF, SHARP_WIDTH = -2.5, 0.5  # octaves; good pictures −1.3, blur of sigma 2 −2.6, of 8 −4.3
CONTRAST_HALF = 2.0  # grey levels; coarse detail fainter than this is no picture to be sharp
SECOND_DIFFERENCE_VARIANCE = 6.0  # of (1, −2, 1) over white noise of variance 1: 1 + 4 + 1
NOISE_MARGIN = 1.3  # the calmest blocks understate the noise by some 10 % (20 % in variance)
DETAIL_MIN = 0.002  # share kept where noise hides the detail; .02 let noise pass for sharpness
NOISE_BLOCK = 16  # pixels; the 20th percentile of blocks has little texture to mistake for noise
NOISE_HALF = 8.0  # grey levels of luma noise at which the measure is 50 (13 per RGB channel)
CAMERA_LINES = (480, 720)  # JPEG made at these heights, then resized to the crop
JUMP_MAX = 12.0  # grey levels; larger jumps are the picture's own edges
JUMP_FLOOR = 2.0  # grey levels added to the mean jump: how much texture an eye grants any picture
BLOCK_HALF = 0.12  # JPEG's share of the jumps at which the measure is 50

# glibc hands temporaries of half a megabyte back to the kernel, and faulting them in again costs
# more than the arithmetic (3.8 ms a picture, not 1.4). Freeing one larger block once ends that.
np.empty(1 << 24, np.uint8)


def measure(image: np.ndarray) -> dict[str, float]:
    """Measure one picture: uint8 (height, width, 3), sRGB, calibrated for 352 × 352.

    Returns MEASURES in their order, each 0–100, higher is better; not rounded, where OFIQ rounds.
    """
    if image.dtype != np.uint8 or image.shape[2:] != (3,) or min(image.shape[:2]) < 16:
        got = f"{image.dtype} {image.shape}"
        raise ValueError(f"want uint8 (height, width, 3), 16 pixels or more each way, got {got}")
    image = np.ascontiguousarray(image)
    luma = _luma(image)
    sigma = _noise_sigma(luma)
    values = (
        *_light(_thinned(image, HISTOGRAM_SIDE)),
        _natural_colour(_thinned(image, COLOUR_SIDE)),
        _sharpness(luma, sigma),
        100 / (1 + (sigma / NOISE_HALF) ** 2),
        100 / (1 + (_blockiness(luma) / BLOCK_HALF) ** 2),
    )
    return {name: max(0.0, min(v, 100.0)) for name, v in zip(MEASURES, values, strict=True)}


def score(measures: dict[str, float]) -> float:
    """One aggregate, 0–1: a weighted product, so that no good measure hides a bad one."""
    product = 1.0
    for name, weight in WEIGHTS.items():
        enough = ENOUGH.get(name, 100.0)
        product *= ((min(measures[name], enough) + FLOOR) / (enough + FLOOR)) ** weight
    return product


def _logistic(x: float, x0: float, width: float) -> float:
    return float(1 / (1 + np.exp((x0 - x) / width)))


def _thinned(image: np.ndarray, side: int) -> np.ndarray:
    step = max(1, min(image.shape[:2]) // side)
    return image[::step, ::step]


def _light(image: np.ndarray) -> tuple[float, ...]:
    """The five measures of linearised luminance (OFIQ)."""
    y = _Y_RED[image[..., 0]] + _Y_GREEN[image[..., 1]] + _Y_BLUE[image[..., 2]]
    share = np.bincount((y + np.uint32(1 << 15) >> 16).ravel(), minlength=256) / y.size
    used = share[share > 0]
    mean = float(share @ _LEVEL)
    variance = float(share @ (_LEVEL - mean) ** 2)
    return (
        100 * _logistic(mean, 0.2, 0.05) * (1 - _logistic(mean, 0.8, 0.05)),
        100 * float(np.sin(np.pi * 60 * variance / (60 * variance + 1))),
        120 * (0.832 - _logistic(float(share[:26].sum()), 0.92, 0.05)),
        1 / (float(share[247:].sum()) + 0.01),
        12.5 * float(-(used * np.log2(used)).sum()),
    )


def _natural_colour(image: np.ndarray) -> float:
    """How far the mean a*, b* lie outside the range of skin (OFIQ)."""
    t = _LINEAR_F32[image.reshape(-1, 3)] @ _WHITE_XYZ
    f = np.where(t > 216 / 24389, np.cbrt(t), t * np.float32(841 / 108) + np.float32(4 / 29))
    x, y, z = f.mean(0, dtype=np.float64)
    a, b = 500 * (x - y), 200 * (y - z)
    distance = np.hypot(max(5 - a, a - 25, 0.0), max(5 - b, b - 35, 0.0))
    return 200 * (1 - _logistic(float(distance), 0, 10))


def _luma(image: np.ndarray) -> np.ndarray:
    """Gamma-coded luma (BT.601), 0–255, float32 holding exact steps of 1/256."""
    red, green, blue = (image[..., c] * np.float32(n / 256) for c, n in enumerate((77, 150, 29)))
    return red + green + blue


def _noise_sigma(luma: np.ndarray) -> float:
    """Deviation of the noise in grey levels: Immerkær's mask (1996), over the calmest blocks."""
    lines = luma[:-2] - 2 * luma[1:-1] + luma[2:]
    mask = np.abs(lines[:, :-2] - 2 * lines[:, 1:-1] + lines[:, 2:])
    side = min(NOISE_BLOCK, *mask.shape)
    high, wide = mask.shape[0] // side, mask.shape[1] // side
    strips = mask[: high * side, : wide * side].reshape(high, side, -1).mean(1)
    blocks = np.sort(strips.reshape(high, wide, side).mean(2), axis=None)
    return float(blocks[blocks.size // 5] * np.sqrt(np.pi / 2) / 6)


def _detail(plane: np.ndarray) -> np.ndarray:
    """Mean square of (1, −2, 1) along the rows, the columns and both diagonals."""
    centre = 2 * plane[1:-1, 1:-1]
    rows, columns = plane[1:-1], plane[:, 1:-1]
    pairs = [(rows[:, :-2], rows[:, 2:]), (columns[:-2], columns[2:])]
    pairs += [(plane[:-2, :-2], plane[2:, 2:]), (plane[:-2, 2:], plane[2:, :-2])]
    return np.array([np.square(one + other - centre).mean() for one, other in pairs])


def _sharpness(luma: np.ndarray, sigma: float) -> float:
    """Fine detail against coarse detail, in the direction that has least of it.

    The ratio is blind to contrast, and the worst direction is the one that motion smears.
    """
    fine: list[np.ndarray] = []
    spread = np.array([1, 1, 2, 2])  # diagonal neighbours lie √2 apart; an edge's square doubles
    plane, noise = luma, NOISE_MARGIN * SECOND_DIFFERENCE_VARIANCE * sigma**2
    detail = _detail(plane)
    while len(fine) < OCTAVES and min(plane.shape) >= 6:
        fine.append(np.maximum(detail - noise, DETAIL_MIN * detail + 1e-3) / spread)
        high, wide = plane.shape[0] // 2 * 2, plane.shape[1] // 2 * 2
        rows = plane[:high:2, :wide] + plane[1:high:2, :wide]
        plane = (rows[:, ::2] + rows[:, 1::2]) / 4
        noise /= 4
        detail = _detail(plane)
    coarse = max(float((detail / spread).mean()) - noise, 1e-3)
    octaves = np.log2(np.array(fine) / coarse).mean(0).min() / 2
    contrast = coarse / (coarse + CONTRAST_HALF**2 + noise)
    return 100 * _logistic(float(octaves), SHARP_HALF, SHARP_WIDTH) * contrast


@lru_cache(maxsize=8)
def _grids(length: int, short_side: int) -> tuple[np.ndarray, ...]:
    """Waves of JPEG's grid of 8 pixels and its harmonics: as it is, and as resizing leaves it."""
    grids = []
    for period in (8.0, *(8 * short_side / lines for lines in CAMERA_LINES)):
        frequencies = np.arange(1, np.ceil(period / 2)) / period
        if frequencies.size:
            grids.append(np.exp(-2j * np.pi * np.outer(frequencies, np.arange(length))) / length)
    return tuple(grids)


def _blockiness(luma: np.ndarray) -> float:
    """The part of the jumps between neighbours that repeats with JPEG's grid."""
    strength = 0.0
    for axis in (0, 1):
        jumps = np.minimum(np.abs(np.diff(luma, axis=axis)), JUMP_MAX).mean(1 - axis)
        excess = jumps[1:-1] - (jumps[:-2] + jumps[2:]) / 2
        grids = _grids(excess.size, min(luma.shape))
        strongest = max(float(np.abs(grid @ excess).sum()) for grid in grids)
        strength += strongest / (float(jumps.mean()) + JUMP_FLOOR)
    return strength / 2
