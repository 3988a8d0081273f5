"""Camera frames: real pictures, cropped, darkened, blurred, made noisy and compressed by seed."""

import hashlib
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

PICTURES = Path(__file__).parents[1] / "pictures"
SIDE_PIXELS = 352
COUNT = 64


@dataclass(frozen=True)
class Recipe:
    """How one frame is made of one picture."""

    picture: int
    crop_ratio: float
    left_ratio: float
    top_ratio: float
    brightness_ratio: float
    blur_pixels: float
    noise_levels: float
    jpeg_quality: int
    noise_seed: int


def recipes(seed: int, *, pictures: int, count: int = COUNT) -> list[Recipe]:
    draw = random.Random(seed)
    return [
        Recipe(
            picture=index % pictures,
            crop_ratio=draw.uniform(0.55, 1.0),
            left_ratio=draw.random(),
            top_ratio=draw.random(),
            brightness_ratio=draw.uniform(0.4, 1.4),
            blur_pixels=draw.choice((0.0, 0.0, draw.uniform(0.3, 2.5))),
            noise_levels=draw.uniform(0.0, 8.0),
            jpeg_quality=draw.randint(80, 95),
            noise_seed=draw.getrandbits(32),
        )
        for index in range(count)
    ]


def make_payloads(seed: int, *, count: int = COUNT) -> list[bytes]:
    """JPEG files of 352 × 352 pixels; the same for the same seed."""
    pictures = []
    for path in sorted(PICTURES.glob("*.jpg")):
        with Image.open(path) as picture:
            pictures.append(picture.convert("RGB"))
    made = recipes(seed, pictures=len(pictures), count=count)
    return [_render(pictures[recipe.picture], recipe) for recipe in made]


def sha256_of_set(payloads: Sequence[bytes]) -> str:
    """One digest over the digests, so that where one file ends matters too."""
    whole = hashlib.sha256()
    for payload in payloads:
        whole.update(hashlib.sha256(payload).digest())
    return whole.hexdigest()


def _render(picture: Image.Image, recipe: Recipe) -> bytes:
    side = round(min(picture.size) * recipe.crop_ratio)
    left = round((picture.width - side) * recipe.left_ratio)
    top = round((picture.height - side) * recipe.top_ratio)
    frame = picture.resize(
        (SIDE_PIXELS, SIDE_PIXELS),
        Image.Resampling.BILINEAR,
        box=(left, top, left + side, top + side),
    )
    frame = ImageEnhance.Brightness(frame).enhance(recipe.brightness_ratio)
    if recipe.blur_pixels:
        frame = frame.filter(ImageFilter.GaussianBlur(recipe.blur_pixels))
    # One plane for all colours: a dark camera's noise is mostly in its brightness.
    noise = np.random.default_rng(recipe.noise_seed).normal(
        0.0, recipe.noise_levels, (SIDE_PIXELS, SIDE_PIXELS, 1)
    )
    levels = np.clip(np.asarray(frame, dtype=np.float32) + noise, 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(levels).save(out, "JPEG", quality=recipe.jpeg_quality)
    return out.getvalue()
