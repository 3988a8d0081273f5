"""Faces drawn from random numbers: a head with relief under one lamp, before a room.

Nobody is shown. The drawings have what a quality model looks at (skin, eyes, hair, edges, fine
texture) and a frontal-face cascade finds most of them; they say nothing about real people.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.baseline.features import (
    IRIS,
    Head,
    blend,
    bump,
    ellipse,
    paint_eye,
    paint_glasses,
    paint_mouth,
    put,
)
from scripts.baseline.textures import Light, Plane, Rng, coverage, fractal, room, smooth_noise

Picture = NDArray[np.uint8]

# Of linear light; a skin tone lies somewhere along this line.
_SKIN = np.array(
    [[0.84, 0.6, 0.49], [0.66, 0.42, 0.3], [0.42, 0.23, 0.14], [0.14, 0.075, 0.05]], np.float32
)
_HAIR = np.array([[0.02, 0.016, 0.014], [0.1, 0.05, 0.025], [0.45, 0.3, 0.14], [0.4, 0.4, 0.4]])
# The side of the box that a frontal-face cascade draws, in half-heights of the head; both have one
# centre. Measured on the faces of this module.
BOX_SIDE = 1.62


@dataclass(frozen=True)
class Box:
    """Square around a face, in pixels of its picture."""

    x: int
    y: int
    width: int
    height: int


def render_face(rng: Rng, side_px: int) -> Picture:
    """Draw one face before a room: uint8 (side, side, 3), sRGB.

    The face's box takes 35 to 85 % of the side, its centre lies near the picture's.
    """
    face_px = side_px * rng.uniform(0.35, 0.85)
    centre = side_px * (0.5 + rng.normal(0, 0.04, 2).clip(-0.08, 0.08))
    return _draw(rng, (side_px, side_px), face_px, (float(centre[0]), float(centre[1])))


def render_scene(
    rng: Rng,
    size: tuple[int, int] = (1280, 720),
    *,
    face_px: int,
    centre: tuple[float, float] | None = None,
) -> tuple[Picture, Box]:
    """Draw a room with one face of known size at a known place.

    Args:
        size: Width and height of the picture in pixels.
        face_px: Side of the face's box, as a frontal-face cascade would draw it.
        centre: Where the box's centre lies, x and y in pixels; a place that keeps it whole if None.
    """
    width, height = size
    if not 8 <= face_px <= min(size):
        raise ValueError(f"face_px is {face_px}: give 8 to {min(size)}, so that the face fits in.")
    half = face_px / 2
    x, y = centre or (rng.uniform(half, width - half), rng.uniform(half, height - half))
    box = Box(round(x - half), round(y - half), face_px, face_px)
    return _draw(rng, (height, width), face_px, (x, y)), box


def _draw(rng: Rng, shape: tuple[int, int], face_px: float, centre: tuple[float, float]) -> Picture:
    """Room first, then the person within the window that the person can reach."""
    light = room(rng, *shape)
    scale = face_px / BOX_SIDE
    rows = _window(centre[1], 3.4 * scale, shape[0])
    columns = _window(centre[0], 3.0 * scale, shape[1])
    y, x = (plane.astype(np.float32) for plane in np.mgrid[rows, columns])
    roll, yaw, pitch = rng.normal(0, (0.05, 0.1, 0.06)).clip(-0.25, 0.25)
    dx, dy = (x - centre[0]) / scale, (y - centre[1]) / scale
    x, y = dx * np.cos(roll) + dy * np.sin(roll), dy * np.cos(roll) - dx * np.sin(roll)
    half_width = rng.uniform(0.68, 0.78)
    front_x = (x - 0.7 * half_width * np.sin(yaw)) / np.cos(yaw)
    head = Head(x, y, front_x, y - 0.6 * np.sin(pitch), scale, half_width)
    _person(rng, light[rows, columns], head)
    return _developed(rng, light)


def _window(centre: float, reach: float, length: int) -> slice:
    return slice(max(0, int(centre - reach)), min(length, int(centre + reach) + 1))


def _developed(rng: Rng, light: Light) -> Picture:
    """What a good camera makes of it: exposed, with a shoulder for highlights, sRGB."""
    exposed = light * rng.uniform(0.16, 0.3) / light.mean()
    rolled = np.where(exposed > 0.7, 0.7 + 0.3 * np.tanh((exposed - 0.7) / 0.3), exposed)
    stored = np.where(rolled <= 0.0031308, 12.92 * rolled, 1.055 * rolled ** (1 / 2.4) - 0.055)
    picture: Picture = np.rint(stored.clip(0, 1) * 255).astype(np.uint8)
    return picture


def _person(rng: Rng, light: Light, head: Head) -> None:
    skin, hair = blend(rng, _SKIN), blend(rng, _HAIR)
    lamp = np.array([rng.normal(0, 0.45), rng.normal(-0.4, 0.25), 1.0])
    lamp /= np.linalg.norm(lamp)
    ambient = rng.uniform(0.3, 0.6)
    strands = 1 + 0.35 * smooth_noise(
        rng, head.x.shape, (head.scale / 4, max(1.5, head.scale / 60))
    )
    locks = hair * strands[..., None].clip(0.3, 2)
    _clothes(rng, light, head)
    back = ellipse(head, head.x, head.y + 0.2, (head.half_width + 0.14, rng.uniform(0.95, 1.25)))
    if rng.random() < 0.85:
        put(light, back, locks)
    neck = ellipse(head, head.x, head.y - 1.1, (0.42, 0.6), 4)
    put(light, neck, skin * (0.55 * ambient + 0.25))
    _skin(rng, light, head, skin, lamp, ambient)
    iris = blend(rng, IRIS)
    for side in (-1, 1):
        paint_eye(rng, light, head, side, iris, locks, ambient + 0.35)
    paint_mouth(rng, light, head, skin)
    face = ellipse(head, head.x, head.y, (head.half_width, 1.0), 2.3)
    if rng.random() < 0.85:
        fringe = 0.2 * head.x**2 + 0.08 * np.sin(head.x * rng.uniform(2, 9))
        hairline = rng.uniform(-0.8, -0.6) + fringe
        put(light, np.maximum(face, back) * coverage((head.y - hairline) * head.scale), locks)
    if rng.random() < 0.25:
        beard = np.clip((head.front_y - 0.42) * 6, 0, 1) * rng.uniform(0.4, 0.85)
        lips = ellipse(head, head.front_x, head.front_y - 0.56, (0.3, 0.1))
        put(light, face * beard * (1 - lips), locks)
    if rng.random() < 0.3:
        paint_glasses(rng, light, head)


def _clothes(rng: Rng, light: Light, head: Head) -> None:
    body = ellipse(head, head.x, head.y - 2.7, (rng.uniform(1.7, 2.2), 1.45), 2.6)
    cloth = rng.uniform(0.03, 0.6, 3).astype(np.float32)
    weave = 1 + 0.12 * fractal(rng, head.x.shape, max(2.0, head.scale / 20), 0.8)
    if rng.random() < 0.4:
        weave *= 1 + 0.5 * np.sign(np.sin(head.y * rng.uniform(10, 40)))
    put(light, body, cloth * weave[..., None].clip(0.1, 2))


def _relief(head: Head) -> Plane:
    """Height of the face towards the camera, in half-heights of the head."""
    x, y = head.front_x, head.front_y
    # A little wider than the face: a sphere's rim is too steep to be drawn in pixels.
    radius = (np.abs(head.x) / (1.04 * head.half_width)) ** 2.3 + np.abs(head.y / 1.04) ** 2.3
    side = np.abs(x)
    height: Plane = 0.75 * np.sqrt(np.clip(1 - radius, 0.02, None))
    nose = np.clip((y + 0.3) / 0.6, 0, 1) * np.clip((0.36 - y) / 0.08, 0, 1)
    height += 0.2 * nose * np.exp(-((x / (0.09 + 0.05 * nose)) ** 2))
    height -= 0.12 * bump(side - 0.31, y + 0.12, (0.17, 0.13))
    height += 0.05 * bump(side - 0.3, y + 0.33, (0.2, 0.08))
    height += 0.05 * bump(side - 0.36, y - 0.2, (0.2, 0.2))
    height += 0.04 * bump(x, y - 0.56, (0.24, 0.08)) + 0.05 * bump(x, y - 0.85, (0.2, 0.12))
    return height


def _skin(
    rng: Rng,
    light: Light,
    head: Head,
    skin: Light,
    lamp: NDArray[np.floating],
    ambient: float,
) -> None:
    """Lambert's law over the relief, with blotches and pores."""
    slope_y, slope_x = (gradient * head.scale for gradient in np.gradient(_relief(head)))
    length = np.sqrt(slope_x**2 + slope_y**2 + 1)
    facing = np.clip((lamp[2] - slope_x * lamp[0] - slope_y * lamp[1]) / length, 0, 1)
    gloss = rng.uniform(0.02, 0.12) * facing**30
    texture = 1 + 0.035 * fractal(rng, head.x.shape, max(2.0, head.scale / 3), 0.8)
    cheeks = 0.15 * bump(np.abs(head.front_x) - 0.4, head.front_y - 0.25, (0.2, 0.2))
    colour = skin * texture[..., None] * (1 - cheeks[..., None] * np.array([0, 1, 0.8], np.float32))
    shaded = colour * (ambient + (1.1 - ambient) * facing)[..., None] + gloss[..., None]
    for side in (-1, 1):
        ear = ellipse(head, head.x - side * head.half_width, head.y + 0.05, (0.1, 0.2))
        put(light, ear, skin * ambient * 1.2)
    put(
        light,
        ellipse(head, head.x, head.y, (head.half_width, 1.0), 2.3),
        shaded.astype(np.float32),
    )
