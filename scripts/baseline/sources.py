"""Pristine pictures and who may see which: training, validation and test share no source.

A source is one rendered face, or one photograph with all crops of it. The photographs are
scikit-image's, public domain or CC0. `astronaut`, the only face of a real person, is for the test.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from scripts.baseline.degradations import Picture, Rng, degrade
from scripts.baseline.faces import render_face

SIDE_PX = 352
# The camera's picture is up to twice as large as what the model sees: its faults shrink with it.
CAPTURE_SIDES_PX, CAPTURE_SHARES = (352, 528, 704), (0.5, 0.35, 0.15)
TRAINING_PHOTOGRAPHS = (
    "chelsea.png",
    "motorcycle_left.png",
    "rocket.jpg",
    "hubble_deep_field.jpg",
    "ihc.png",
    "retina.jpg",
    "brick.png",
    "gravel.png",
    "page.png",
)
TEST_PHOTOGRAPHS = ("astronaut.png", "coffee.png", "camera.png", "coins.png", "moon.png")
CROPS_PER_PHOTOGRAPH = 6
_STREAMS = {"training": 1, "validation": 2, "test": 3}


@dataclass(frozen=True)
class Source:
    """A pristine square picture, uint8 (side, side, 3), and what it was made from."""

    name: str
    picture: Picture


def stream(seed: int, *place: int) -> Rng:
    """Random numbers that depend on a place alone, in whatever order places are visited."""
    return np.random.default_rng((seed, *place))


def rendered(seed: int, split: str, number: int) -> Source:
    """One rendered face as a good camera keeps it; the test's are drawn at the model's size."""
    rng = stream(seed, _STREAMS[split], number)
    side_px = SIDE_PX
    if split == "training":
        side_px = int(rng.choice(CAPTURE_SIDES_PX, p=CAPTURE_SHARES))
    return Source(f"{split} face {number}", _captured(render_face(rng, side_px), rng))


def _captured(picture: Picture, rng: Rng) -> Picture:
    """Traces of lens, sensor and file that no camera is without, and that are no fault yet."""
    picture = degrade(picture, "defocus", rng.uniform(0, 0.15), rng)
    picture = degrade(picture, "noise", rng.uniform(0, 0.12), rng)
    if rng.random() < 0.5:
        picture = degrade(picture, "jpeg", rng.uniform(0.005, 0.05), rng)
    return picture


def photograph_crops(seed: int, name: str) -> list[Source]:
    """Square crops of one photograph for training, of many sizes, never enlarged."""
    photograph = _read(name)
    sources = []
    for number in range(CROPS_PER_PHOTOGRAPH):
        rng = stream(seed, 4, TRAINING_PHOTOGRAPHS.index(name), number)
        side = round(min(photograph.size) * rng.uniform(0.6, 1))
        left, top = (int(rng.integers(0, length - side + 1)) for length in photograph.size)
        square = photograph.crop((left, top, left + side, top + side))
        scaled = square.resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC)
        sources.append(Source(name, np.asarray(scaled)))
    return sources


def test_photograph(name: str) -> Source:
    """The centre of one photograph, as the gateway would cut it."""
    photograph = _read(name)
    side = min(photograph.size)
    left, top = ((length - side) // 2 for length in photograph.size)
    square = photograph.crop((left, top, left + side, top + side))
    return Source(name, np.asarray(square.resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC)))


def _read(name: str) -> Image.Image:
    import skimage

    folder = Path(skimage.__file__).parent / "data"
    return Image.open(folder / name).convert("RGB")
