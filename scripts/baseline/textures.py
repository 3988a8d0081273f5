"""Surfaces and rooms for rendered faces, from random numbers alone. Linear light, 0–1."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.floating]
Light = NDArray[np.float32]
Rng = np.random.Generator


def smooth_noise(rng: Rng, shape: tuple[int, int], cell_px: tuple[float, float]) -> Plane:
    """Noise of mean 0 and variance about 1 whose grain is `cell_px` high and wide."""
    height, width = shape
    rows, columns = (max(2, round(n / cell) + 1) for n, cell in zip(shape, cell_px, strict=True))
    grid = rng.normal(size=(rows, columns)).astype(np.float32)
    scaled = Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(scaled, dtype=np.float32)


def fractal(rng: Rng, shape: tuple[int, int], coarsest_px: float, falloff: float = 0.6) -> Plane:
    """Octaves of noise down to single pixels, each `falloff` as strong as the one before."""
    total = np.zeros(shape, np.float32)
    strength, cell = 1.0, coarsest_px
    while cell >= 1:
        total += strength * smooth_noise(rng, shape, (cell, cell))
        strength, cell = strength * falloff, cell / 2
    return total


def coverage(outside_px: Plane) -> Plane:
    """Share of each pixel that lies inside, from its distance to the outline in pixels."""
    inside: Plane = np.clip(0.5 - outside_px, 0, 1).astype(np.float32)
    return inside


def _tinted(rng: Rng, low: float, high: float) -> Light:
    grey = rng.uniform(low, high)
    colour: Light = (grey * (1 + rng.normal(0, 0.22, 3))).clip(0.01, 0.95).astype(np.float32)
    return colour


def room(rng: Rng, height: int, width: int) -> Light:
    """A background: a wall with a gradient, and furniture, frames, spines or leaves before it."""
    y, x = (plane.astype(np.float32) for plane in np.mgrid[0:height, 0:width])
    wall = _tinted(rng, 0.1, 0.55)
    angle = rng.uniform(0, 2 * np.pi)
    slope = (np.cos(angle) * x / width + np.sin(angle) * y / height) * rng.uniform(0, 0.5)
    surface = 1 + slope + rng.uniform(0.005, 0.04) * fractal(rng, (height, width), height / 8)
    picture = wall * surface[..., None]
    for _ in range(rng.integers(3, 14)):
        _THINGS[rng.integers(len(_THINGS))](rng, picture, x, y)
    seen: Light = picture.clip(0.003, 1.5)
    return seen


def _put(picture: Light, mask: Plane, colour: Light) -> None:
    picture += mask[..., None] * (colour - picture)


def _rectangle(rng: Rng, x: Plane, y: Plane) -> tuple[Plane, Plane, Plane]:
    height, width = x.shape
    angle = rng.normal(0, 0.06)
    centre_x, centre_y = rng.uniform(0, width), rng.uniform(0, height)
    along = (x - centre_x) * np.cos(angle) + (y - centre_y) * np.sin(angle)
    across = (y - centre_y) * np.cos(angle) - (x - centre_x) * np.sin(angle)
    half_x, half_y = rng.uniform(0.02, 0.2, 2) * height
    return coverage(np.maximum(np.abs(along) - half_x, np.abs(across) - half_y)), along, across


def _board(rng: Rng, picture: Light, x: Plane, y: Plane) -> None:
    mask, _, _ = _rectangle(rng, x, y)
    grain = 1 + rng.uniform(0.01, 0.1) * smooth_noise(rng, x.shape, (2, rng.uniform(10, 60)))
    _put(picture, mask, _tinted(rng, 0.02, 0.8) * grain[..., None])


def _spines(rng: Rng, picture: Light, x: Plane, y: Plane) -> None:
    """Stripes of many colours, as books on a shelf or a patterned curtain have."""
    mask, along, _ = _rectangle(rng, x, y)
    pitch = rng.uniform(0.01, 0.04) * x.shape[0]
    colours = np.stack([_tinted(rng, 0.02, 0.7) for _ in range(16)])
    _put(picture, mask, colours[(np.floor(along / pitch).astype(int)) % 16])


def _leaves(rng: Rng, picture: Light, x: Plane, y: Plane) -> None:
    mask, _, _ = _rectangle(rng, x, y)
    shape = fractal(rng, (x.shape[0], x.shape[1]), x.shape[0] / 10, 0.75)
    _put(picture, mask * np.clip(shape * 3, 0, 1), _tinted(rng, 0.05, 0.4))


def _lamp(rng: Rng, picture: Light, x: Plane, y: Plane) -> None:
    height, width = x.shape
    radius = rng.uniform(0.02, 0.1) * height
    distance = np.hypot(x - rng.uniform(0, width), y - rng.uniform(0, height))
    _put(picture, coverage(distance - radius), _tinted(rng, 0.5, 0.95))


_THINGS: tuple[Callable[[Rng, Light, Plane, Plane], None], ...] = (
    _board,
    _board,
    _spines,
    _leaves,
    _lamp,
)
