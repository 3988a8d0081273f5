"""Pictures to compare scores on: crops of the project's three photographs, made better and worse.

One of the three shows a face. They tell how far two graphs are apart, not how good either is.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

SIDE_PX = 352
PHOTOGRAPHS = Path(__file__).resolve().parent.parent.parent / "loadtest/pictures"


def made_pictures(count: int, seed: int) -> NDArray[np.uint8]:
    """uint8 (count, 352, 352, 3), RGB."""
    rng = np.random.default_rng(seed)
    photographs = [Image.open(path).convert("RGB") for path in sorted(PHOTOGRAPHS.glob("*.jpg"))]
    return np.stack([_made(photographs[i % len(photographs)], rng) for i in range(count)])


def extreme_pictures() -> NDArray[np.uint8]:
    """Black, white, noise and a ramp: uint8 (4, 352, 352, 3)."""
    noise = np.random.default_rng(1).integers(0, 256, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    ramp = np.empty_like(noise)
    ramp[:] = np.linspace(0, 255, SIDE_PX).astype(np.uint8)[None, :, None]
    ramp[..., 1] = ramp[..., 1].T
    return np.stack([np.zeros_like(noise), np.full_like(noise, 255), noise, ramp])


def _made(photograph: Image.Image, rng: np.random.Generator) -> NDArray[np.uint8]:
    side = int(rng.uniform(0.35, 1.0) * min(photograph.size))
    left, top = (int(rng.uniform(0, edge - side + 1)) for edge in photograph.size)
    picture = photograph.crop((left, top, left + side, top + side)).resize(
        (SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR
    )
    picture = picture.filter(ImageFilter.GaussianBlur(float(rng.choice([0, 0, 1, 2, 4]))))
    picture = ImageEnhance.Brightness(picture).enhance(float(rng.uniform(0.3, 1.5)))
    noise = rng.normal(0, float(rng.choice([0, 0, 5, 15])), (SIDE_PX, SIDE_PX, 3))
    return np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8)
