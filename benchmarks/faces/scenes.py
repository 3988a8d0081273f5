"""Generated camera pictures with a known face in them, or none. Seeded: the same every time.

One kind of face is a real photograph, NASA's portrait of Eileen Collins, cut out and laid over
pictures and textures without people; the other is drawn. One person, however often placed, and
drawings say nothing of all people.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from backend.faces import Box
from loadtest._load._payloads import PICTURES
from scripts.baseline.faces import render_scene

LIGHTS = ("plain", "dark", "bright", "blurred", "noisy")
GROUNDS = ("cat", "cup", "clouds", "shelves", "wall")
SIZE = (1280, 720)
# In a picture of 720 lines; as much of any other.
FACE_SIZES_PX = (60, 80, 120, 180, 260, 400)
# Marked by hand in the 512 × 512 portrait: from the hairline to the chin.
PORTRAIT_FACE = Box(177, 67, 97, 97)
_MOST_TILT_DEGREES = 8.0

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Scene:
    """An upright RGB picture, the faces in it, and what was done to it."""

    pixels: Picture
    boxes: tuple[Box, ...]
    face_px: int
    light: str


def with_portrait(seed: int, per_size: int, size: tuple[int, int] = SIZE) -> Iterator[Scene]:
    """`per_size` scenes for each size of face: all lights, random grounds and places."""
    for face_px, index, rng in _draws(seed, per_size):
        drawn_px = face_px * size[1] // SIZE[1]
        scene = portrait_scene(rng, size, drawn_px, LIGHTS[index % len(LIGHTS)])
        yield replace(scene, face_px=face_px)


def with_drawn_face(seed: int, per_size: int) -> Iterator[Scene]:
    """The same with drawn faces in drawn rooms, at half the size and enlarged: drawing is slow."""
    for face_px, index, rng in _draws(seed, per_size):
        half, box = render_scene(rng, (SIZE[0] // 2, SIZE[1] // 2), face_px=face_px // 2)
        light = LIGHTS[index % len(LIGHTS)]
        pixels = lit(rng, np.asarray(cv2.resize(half, SIZE), np.uint8), light, face_px)
        edges = (box.x * 2, box.y * 2, box.width * 2, box.height * 2)
        yield Scene(pixels, (Box(*edges),), face_px, light)


def without_faces(seed: int, count: int, size: tuple[int, int] = SIZE) -> Iterator[Scene]:
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        light = LIGHTS[index // len(GROUNDS) % len(LIGHTS)]
        pixels = lit(rng, ground(rng, size, GROUNDS[index % len(GROUNDS)]), light, 180)
        yield Scene(pixels, (), 0, light)


def portrait_scene(
    rng: np.random.Generator, size: tuple[int, int], face_px: int, light: str
) -> Scene:
    """The portrait's head and shoulders at a random place, the face whole within the picture."""
    width, height = size
    x = int(rng.integers(0, width - face_px + 1))
    y = int(rng.integers(0, height - face_px + 1))
    pixels = ground(rng, size, str(rng.choice(GROUNDS)))
    tilt = float(rng.uniform(-_MOST_TILT_DEGREES, _MOST_TILT_DEGREES))
    place_portrait(pixels, Box(x, y, face_px, face_px), tilt, mirrored=bool(rng.integers(2)))
    return Scene(lit(rng, pixels, light, face_px), (Box(x, y, face_px, face_px),), face_px, light)


def _draws(seed: int, per_size: int) -> Iterator[tuple[int, int, np.random.Generator]]:
    for face_px in FACE_SIZES_PX:
        for index in range(per_size):
            yield face_px, index, np.random.default_rng((seed, face_px, index))


def place_portrait(pixels: Picture, box: Box, tilt_degrees: float, *, mirrored: bool) -> None:
    """Lay the portrait over a picture so that its face fills the box."""
    portrait, mask = _portrait()
    scale = box.width / PORTRAIT_FACE.width
    centre = (PORTRAIT_FACE.x + PORTRAIT_FACE.width / 2, PORTRAIT_FACE.y + PORTRAIT_FACE.height / 2)
    turn = cv2.getRotationMatrix2D(centre, tilt_degrees, scale)
    turn[:, 2] += (box.x + box.width / 2 - centre[0], box.y + box.height / 2 - centre[1])
    if mirrored:
        middle = box.x + box.width / 2
        turn = np.array([[-1, 0, 2 * middle], [0, 1, 0]]) @ np.vstack([turn, [0, 0, 1]])
    size = (pixels.shape[1], pixels.shape[0])
    # Halved first where it shrinks much: warpAffine does not average.
    for _ in range(int(np.log2(max(1.0, 1 / scale)))):
        portrait, mask = cv2.pyrDown(portrait), cv2.pyrDown(mask)
        turn = turn @ np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1]])
    laid = cv2.warpAffine(portrait, turn, size, flags=cv2.INTER_LINEAR)
    share = cv2.warpAffine(mask, turn, size, flags=cv2.INTER_LINEAR)[..., None]
    pixels[:] = (pixels * (1 - share) + laid * share).astype(np.uint8)


def lit(rng: np.random.Generator, pixels: Picture, light: str, face_px: int) -> Picture:
    """The picture in other light, out of focus, or with a sensor's noise."""
    if light == "dark":
        return (pixels * rng.uniform(0.08, 0.25)).astype(np.uint8)
    if light == "bright":
        return np.minimum(pixels * rng.uniform(1.5, 2.2), 255).astype(np.uint8)
    if light == "blurred":
        sigma_px = face_px * float(rng.uniform(0.02, 0.05))
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma_px), np.uint8)
    if light == "noisy":
        noise = rng.standard_normal(pixels.shape, np.float32) * float(rng.uniform(10, 30))
        return np.clip(pixels + noise, 0, 255).astype(np.uint8)
    return pixels


def ground(rng: np.random.Generator, size: tuple[int, int], kind: str) -> Picture:
    """A picture or texture without people, filling the size."""
    if kind == "cat":
        return _cover(rng, _load("chelsea"), size)
    if kind == "cup":
        return _cover(rng, _load("coffee"), size)
    if kind == "clouds":
        return _clouds(rng, size)
    if kind == "shelves":
        return _shelves(rng, size)
    return _wall(rng, size)


@cache
def _load(name: str) -> Picture:
    return np.asarray(cv2.cvtColor(cv2.imread(str(PICTURES / f"{name}.jpg")), cv2.COLOR_BGR2RGB))


@cache
def _portrait() -> tuple[Picture, NDArray[np.float32]]:
    """The photograph, and how much of each pixel belongs to the head and shoulders."""
    mask = np.zeros((512, 512), np.float32)
    cv2.ellipse(mask, (226, 104), (72, 92), 0, 0, 360, 1, -1)
    cv2.ellipse(mask, (212, 225), (118, 82), 0, 0, 360, 1, -1)
    cv2.ellipse(mask, (212, 480), (190, 240), 0, 0, 360, 1, -1)
    return _load("astronaut"), cv2.GaussianBlur(mask, (0, 0), 4)


def _cover(rng: np.random.Generator, picture: Picture, size: tuple[int, int]) -> Picture:
    """A random part of the right shape, sometimes mirrored."""
    width, height = size
    share = float(rng.uniform(0.6, 1.0)) * min(picture.shape[1] / width, picture.shape[0] / height)
    cut_width, cut_height = int(width * share), int(height * share)
    left = int(rng.integers(0, picture.shape[1] - cut_width + 1))
    top = int(rng.integers(0, picture.shape[0] - cut_height + 1))
    cut = picture[top : top + cut_height, left : left + cut_width]
    if rng.integers(2):
        cut = cut[:, ::-1]
    return np.array(cv2.resize(cut, size, interpolation=cv2.INTER_CUBIC))


def _clouds(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    """Noise of many scales, each with half the contrast of the next coarser one."""
    total = np.full((size[1], size[0], 3), rng.uniform(60, 190, 3), np.float32)
    for octave in range(2, 8):
        cells = rng.standard_normal((2**octave, 2**octave, 3), np.float32)
        total += cv2.resize(cells, size, interpolation=cv2.INTER_CUBIC) * (60 / 2 ** (octave - 2))
    return np.clip(total, 0, 255).astype(np.uint8)


def _shelves(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    """Upright rectangles of many colours in rows, like books."""
    width, height = size
    pixels = np.full((height, width, 3), 40, np.uint8)
    row_px = height // 5
    for top in range(0, height, row_px):
        left = 0
        while left < width:
            book_px = int(rng.integers(width // 80, width // 25))
            colour = [int(level) for level in rng.integers(20, 235, 3)]
            corner = (left + book_px - 2, top + row_px - 8)
            cv2.rectangle(pixels, (left, top + int(rng.integers(row_px // 3))), corner, colour, -1)
            left += book_px
    return np.array(cv2.GaussianBlur(pixels, (0, 0), 1.2))


def _wall(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    """A plain wall, darker to one side, with a window or a picture frame."""
    width, height = size
    slope = np.linspace(rng.uniform(0.5, 1), rng.uniform(0.5, 1), width)[None, :, None]
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = slope * rng.uniform(120, 230, 3)
    left, top = int(rng.integers(0, width // 2)), int(rng.integers(0, height // 3))
    corner = (left + width // 4, top + height // 2)
    cv2.rectangle(pixels, (left, top), corner, (245, 245, 240), -1)
    cv2.rectangle(pixels, (left, top), corner, (90, 70, 50), max(2, width // 120))
    noise = rng.standard_normal(pixels.shape, np.float32) * 3
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)
