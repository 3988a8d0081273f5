"""What a camera, a room and a connection do to a picture, in families of continuous severity.

Severity 0 leaves a picture as it is, 1 is the worst that is drawn; in between the parameter grows
geometrically. A model is trained on TRAINED alone. HELD_OUT was chosen before the first training,
and nothing is tuned on it: other physics than the trained families, so that a model which has
merely learned these by heart does not do well.
"""

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]
Rng = np.random.Generator


def degrade(picture: Picture, family: str, severity: float, rng: Rng) -> Picture:
    """Degrade an RGB picture, uint8 (height, width, 3).

    Args:
        severity: 0–1; one seed draws the same pattern (angle, grain) at every severity.
    """
    if not 0 <= severity <= 1:
        raise ValueError(f"severity is {severity}: give 0 to 1.")
    return picture if severity == 0 else FAMILIES[family](picture, severity, rng)


def _between(mild: float, worst: float, severity: float) -> float:
    return float(mild * (worst / mild) ** severity)


def _stored(values: NDArray[np.floating]) -> Picture:
    rounded: Picture = np.rint(values.clip(0, 255)).astype(np.uint8)
    return rounded


def _linear(picture: Picture) -> NDArray[np.float32]:
    """Linear light, 0–1 (IEC 61966-2-1)."""
    level = np.arange(256) / 255
    table = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    light: NDArray[np.float32] = table.astype(np.float32)[picture]
    return light


def _encoded(light: NDArray[np.floating]) -> Picture:
    light = light.clip(0, 1)
    low = light <= 0.0031308
    return _stored(255 * np.where(low, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055))


def _convolved(picture: Picture, kernel: NDArray[np.floating]) -> Picture:
    """Through the frequency domain, with the border mirrored."""
    margin = kernel.shape[0] // 2
    planes = picture.transpose(2, 0, 1).astype(np.float32)
    padded = np.pad(planes, ((0, 0), (margin, margin), (margin, margin)), "symmetric")
    height, width = padded.shape[1:]
    shape = (-(-height // 32) * 32, -(-width // 32) * 32)  # lengths that the transform is fast at
    transfer = np.fft.rfft2((kernel / kernel.sum()).astype(np.float32), shape)
    blurred = np.fft.irfft2(np.fft.rfft2(padded, shape) * transfer, shape)
    return _stored(blurred[:, 2 * margin : height, 2 * margin : width].transpose(1, 2, 0))


def _offsets(reach: int) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    return y, x


def _defocus(picture: Picture, severity: float, rng: Rng) -> Picture:
    """Gaussian of σ 0.3–5 pixels, or the disc of a wide aperture that spreads as far."""
    disc = rng.random() < 0.5
    sigma_px = _between(0.3, 5, severity)
    y, x = _offsets(int(np.ceil(3 * sigma_px)))
    radius_px = 2 * sigma_px  # a disc's deviation along an axis is half of its radius
    if disc:
        return _convolved(picture, np.clip(radius_px + 0.5 - np.hypot(x, y), 0, 1))
    return _convolved(picture, np.exp(-(x**2 + y**2) / (2 * sigma_px**2)))


def _motion_blur(picture: Picture, severity: float, rng: Rng) -> Picture:
    """A straight path of 1.2 to 28 pixels in any direction."""
    angle = rng.uniform(0, np.pi)
    half_px = _between(1.2, 28, severity) / 2
    y, x = _offsets(int(np.ceil(half_px)) + 1)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    ends = np.clip(half_px + 0.5 - np.abs(along), 0, 1)
    return _convolved(picture, ends * np.clip(1 - np.abs(across), 0, 1))


def _noise(picture: Picture, severity: float, rng: Rng) -> Picture:
    """Grain of σ 1–45 grey levels: alike in all channels or not, stronger in shadows or not."""
    sigma = _between(1, 45, severity)
    common, shadows = rng.random(2, dtype=np.float32)
    coarse = rng.random() < 0.3
    grain = rng.standard_normal((*picture.shape[:2], 4), dtype=np.float32)
    grain = np.sqrt(common) * grain[..., :1] + np.sqrt(1 - common) * grain[..., 1:]
    if coarse:
        grain = (
            grain + np.roll(grain, 1, 0) + np.roll(grain, 1, 1) + np.roll(grain, 1, (0, 1))
        ) / 2
    weight = 1 + shadows * (0.5 - picture / np.float32(255))
    return _stored(picture + sigma * weight * grain)


def _recompressed(picture: Picture, kind: str, quality: float, **options: object) -> Picture:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind, quality=round(quality), **options)
    return np.asarray(Image.open(buffer).convert("RGB"))


def _jpeg(picture: Picture, severity: float, rng: Rng) -> Picture:
    """Quality 95 to 4, with chroma at half resolution or at full."""
    subsampling = 2 if rng.random() < 0.7 else 0
    return _recompressed(picture, "JPEG", _between(95, 4, severity), subsampling=subsampling)


def _low_resolution(picture: Picture, severity: float, rng: Rng) -> Picture:
    """Made 1.1 to 9 times smaller, then brought back to size."""
    kinds = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)
    up = kinds[rng.integers(2)]
    height, width = picture.shape[:2]
    factor = _between(1.1, 9, severity)
    small = (max(4, round(width / factor)), max(4, round(height / factor)))
    reduced = Image.fromarray(picture).resize(small, Image.Resampling.BOX)
    return np.asarray(reduced.resize((width, height), up))


def _under_exposure(picture: Picture, severity: float, rng: Rng) -> Picture:
    """0.15 to 5.5 stops too little light, told in stored values' or in linear light's gain."""
    stops = _between(0.15, 5.5, severity)
    if rng.random() < 0.5:
        return _encoded(_linear(picture) * 2**-stops)
    return _stored(picture * np.float32(2 ** (-stops / 2)))


def _over_exposure(picture: Picture, severity: float, rng: Rng) -> Picture:
    """0.1 to 3.5 stops too much light, clipped, told in either way."""
    stops = _between(0.1, 3.5, severity)
    if rng.random() < 0.5:
        return _encoded(_linear(picture) * 2**stops)
    return _stored(picture * np.float32(2 ** (stops / 2)))


def _zoom_blur(picture: Picture, severity: float, rng: Rng) -> Picture:
    """Smeared away from a point near the centre, by 0.5 to 22 % of the distance to it."""
    height, width = picture.shape[:2]
    centre_x, centre_y = rng.uniform(0.4, 0.6, 2) * (width, height)
    reach = _between(0.005, 0.22, severity)
    steps = max(3, int(reach * max(height, width) / 2))
    source, total = Image.fromarray(picture), np.zeros(picture.shape, np.float32)
    for zoom in np.linspace(1 - reach, 1, steps):
        affine = (zoom, 0, centre_x * (1 - zoom), 0, zoom, centre_y * (1 - zoom))
        total += np.asarray(
            source.transform(
                (width, height), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR
            )
        )
    return _stored(total / steps)


def _haze(picture: Picture, severity: float, rng: Rng) -> Picture:
    """A veil of stray light over 2 to 85 % of the light, denser towards one side."""
    height, width = picture.shape[:2]
    veil = rng.uniform(0.5, 0.9) * (1 + rng.normal(0, 0.04, 3))
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    density = _between(0.02, 0.85, severity) * (1 + 0.15 * (np.cos(angle) * x + np.sin(angle) * y))
    share = density.clip(0, 0.98)[..., None]
    return _encoded(_linear(picture) * (1 - share) + veil * share)


def _salt_and_pepper(picture: Picture, severity: float, rng: Rng) -> Picture:
    """0.02 to 15 % of the pixels stuck at black or white."""
    chance, salt = rng.random(picture.shape[:2]), rng.random(picture.shape[:2]) < 0.5
    stuck = chance < _between(0.0002, 0.15, severity)
    return np.where(stuck[..., None], np.uint8(255) * salt[..., None].astype(np.uint8), picture)


def _webp(picture: Picture, severity: float, rng: Rng) -> Picture:
    """WebP of quality 95 to 2: prediction and a deblocking filter, where JPEG has a bare grid."""
    return _recompressed(picture, "WEBP", _between(95, 2, severity), method=2)


Family = Callable[[Picture, float, Rng], Picture]
TRAINED: dict[str, Family] = {
    "defocus": _defocus,
    "motion_blur": _motion_blur,
    "noise": _noise,
    "jpeg": _jpeg,
    "low_resolution": _low_resolution,
    "under_exposure": _under_exposure,
    "over_exposure": _over_exposure,
}
HELD_OUT: dict[str, Family] = {
    "zoom_blur": _zoom_blur,
    "haze": _haze,
    "salt_and_pepper": _salt_and_pepper,
    "webp": _webp,
}
FAMILIES = TRAINED | HELD_OUT
