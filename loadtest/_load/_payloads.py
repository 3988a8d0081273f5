"""Camera frames: real pictures, cropped, darkened, blurred, made noisy and compressed by seed."""

import base64
import hashlib
import io
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from loadtest._options import Camera

PICTURES = Path(__file__).parents[1] / "pictures"
# Width and height in pixels.
SQUARE = (352, 352)
WIDE = (1280, 720)
SIZES: dict[Camera, Sequence[tuple[int, int]]] = {
    "raw": (SQUARE,),
    "base64": (SQUARE,),
    "mixed": (SQUARE, (640, 480), WIDE),
    "page": (WIDE,),
}
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


def bodies(camera: Camera, seed: int) -> Iterator[bytes]:
    """What the cameras of one kind send, made one by one: all of it takes seconds."""
    frames = render(seed, sizes=SIZES[camera])
    return map(json_body, frames) if camera == "base64" else frames


def json_body(frame: bytes) -> bytes:
    url = f"data:image/jpeg;base64,{base64.b64encode(frame).decode()}"
    return json.dumps({"image": url}).encode()


def make_payloads(seed: int, *, count: int = COUNT) -> list[bytes]:
    """JPEG files of 352 × 352 pixels; the same for the same seed."""
    return list(render(seed, count=count))


def render(
    seed: int, *, count: int = COUNT, sizes: Sequence[tuple[int, int]] = (SQUARE,)
) -> Iterator[bytes]:
    """JPEG files, the same for the same seed; each picture comes in each size."""
    pictures = []
    for path in sorted(PICTURES.glob("*.jpg")):
        with Image.open(path) as picture:
            pictures.append(picture.convert("RGB"))
    made = recipes(seed, pictures=len(pictures), count=count)
    for index, recipe in enumerate(made):
        size = sizes[index // len(pictures) % len(sizes)]
        yield _frame(pictures[recipe.picture], recipe, size)


def sha256_of_set(payloads: Sequence[bytes]) -> str:
    """One digest over the digests, so that where one file ends matters too."""
    whole = hashlib.sha256()
    for payload in payloads:
        whole.update(hashlib.sha256(payload).digest())
    return whole.hexdigest()


def _frame(picture: Image.Image, recipe: Recipe, size: tuple[int, int]) -> bytes:
    width, height = size
    crop_height = round(min(picture.height, picture.width * height / width) * recipe.crop_ratio)
    crop_width = round(crop_height * width / height)
    left = round((picture.width - crop_width) * recipe.left_ratio)
    top = round((picture.height - crop_height) * recipe.top_ratio)
    frame = picture.resize(
        size,
        Image.Resampling.BILINEAR,
        box=(left, top, left + crop_width, top + crop_height),
    )
    frame = ImageEnhance.Brightness(frame).enhance(recipe.brightness_ratio)
    if recipe.blur_pixels:
        frame = frame.filter(ImageFilter.GaussianBlur(recipe.blur_pixels))
    # One plane for all colours: a dark camera's noise is mostly in its brightness.
    noise = np.random.default_rng(recipe.noise_seed).normal(
        0.0, recipe.noise_levels, (height, width, 1)
    )
    levels = np.clip(np.asarray(frame, dtype=np.float32) + noise, 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(levels).save(out, "JPEG", quality=recipe.jpeg_quality)
    return out.getvalue()
