"""Eyes, brows, mouth, nostrils and glasses, painted onto a head."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.baseline.textures import Light, Plane, Rng, coverage

IRIS = np.array([[0.08, 0.035, 0.015], [0.12, 0.2, 0.3], [0.12, 0.16, 0.07]])


@dataclass(frozen=True)
class Head:
    """Grid of pixels seen from a head whose half-height is 1; `scale` is pixels per unit."""

    x: Plane
    y: Plane
    front_x: Plane
    front_y: Plane
    scale: float
    half_width: float


def blend(rng: Rng, colours: NDArray[np.floating]) -> Light:
    """A colour somewhere along the line of `colours`."""
    place = rng.uniform(0, len(colours) - 1)
    first = min(int(place), len(colours) - 2)
    share = place - first
    colour: Light = (colours[first] * (1 - share) + colours[first + 1] * share).astype(np.float32)
    return colour


def put(light: Light, mask: Plane, colour: Light) -> None:
    light += mask[..., None] * (colour - light)


def ellipse(head: Head, x: Plane, y: Plane, half: tuple[float, float], power: float = 2.0) -> Plane:
    radius = ((np.abs(x) / half[0]) ** power + (np.abs(y) / half[1]) ** power) ** (1 / power)
    return coverage((radius - 1) * min(half) * head.scale)


def bump(x: Plane, y: Plane, half: tuple[float, float]) -> Plane:
    return np.exp(-((x / half[0]) ** 2) - (y / half[1]) ** 2)


def paint_eye(
    rng: Rng,
    light: Light,
    head: Head,
    side: int,
    colour: Light,
    brow_colour: Light,
    brightness: float,
) -> None:
    x, y = head.front_x - side * 0.31, head.front_y + 0.12
    shade = 0.45 * bump(x, y + 0.02, (0.19, 0.1))
    light *= 1 - shade[..., None]
    opening = ellipse(head, x, y, (0.15, rng.uniform(0.055, 0.075)), 1.7)
    put(light, opening, np.float32(brightness) * np.array([0.62, 0.6, 0.58], np.float32))
    ring = ellipse(head, x, y + 0.005, (0.068, 0.068)) * opening
    put(light, ring, brightness * colour)
    put(light, ellipse(head, x, y + 0.005, (0.03, 0.03)) * opening, np.full(3, 0.01, np.float32))
    put(light, ellipse(head, x + 0.02, y + 0.03, (0.012, 0.012)), np.full(3, 0.9, np.float32))
    lid = coverage((np.abs(y + 0.07 - 1.8 * x**2) - 0.014) * head.scale)
    put(light, lid * ellipse(head, x, y, (0.16, 0.3)), np.full(3, 0.02, np.float32))
    arch = y + 0.19 - 1.2 * (x - side * 0.02) ** 2
    brow = coverage((np.abs(arch) - 0.032) * head.scale) * ellipse(head, x, y, (0.2, 0.5), 4)
    put(light, 0.85 * brow, brow_colour * 0.7)


def paint_mouth(rng: Rng, light: Light, head: Head, skin: Light) -> None:
    x, y = head.front_x, head.front_y - 0.56
    half = rng.uniform(0.22, 0.3)
    y = y + rng.uniform(-0.1, 0.5) * x**2
    rose = np.array([0.75, 0.42, 0.42], np.float32)
    put(light, 0.8 * ellipse(head, x, y, (half, 0.07)), skin * rose * 0.8)
    opening = rng.uniform(0.01, 0.02) + (rng.uniform(0, 0.05) if rng.random() < 0.3 else 0)
    put(light, ellipse(head, x, y, (half * 0.95, opening)), np.full(3, 0.03, np.float32))
    for side in (-1, 1):
        nostril = ellipse(head, head.front_x - side * 0.065, head.front_y - 0.325, (0.04, 0.022))
        put(light, 0.8 * nostril, skin * 0.12)


def paint_glasses(rng: Rng, light: Light, head: Head) -> None:
    width, height = rng.uniform(0.22, 0.26), rng.uniform(0.15, 0.2)
    thick = rng.uniform(0.012, 0.035)
    frame = rng.uniform(0.01, 0.25, 3).astype(np.float32)
    for side in (-1, 1):
        x, y = head.front_x - side * 0.31, head.front_y + 0.11
        rim = ellipse(head, x, y, (width, height), 3)
        glass = ellipse(head, x, y, (width - thick, height - thick), 3)
        glare = np.clip(np.sin(3 * x + 4 * y + rng.uniform(0, 6)) - 0.6, 0, 1)
        put(light, glass * 0.25 * glare, np.full(3, 0.9, np.float32))
        put(light, rim - glass, frame)
    bridge = coverage((np.abs(head.front_y + 0.14) - thick / 2) * head.scale)
    put(light, bridge * ellipse(head, head.front_x, head.front_y, (0.1, 2)), frame)
