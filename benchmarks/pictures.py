"""The pictures of the load: the load tester's camera frames, as files and as pixels."""

import io
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from loadtest._load._payloads import PICTURES, make_payloads

SEED = 0


@cache
def files() -> list[bytes]:
    """64 different JPEG files of 352 × 352 pixels, about 30 KB each."""
    return make_payloads(SEED)


@cache
def pixels() -> list[NDArray[np.uint8]]:
    """The same as uint8 arrays of shape (352, 352, 3)."""
    return [np.asarray(Image.open(io.BytesIO(file)).convert("RGB")) for file in files()]


def camera_file(size: tuple[int, int]) -> bytes:
    """One JPEG of this many pixels, as a camera sends it."""
    with Image.open(PICTURES / "astronaut.jpg") as picture:
        frame = picture.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    out = io.BytesIO()
    frame.save(out, "JPEG", quality=90)
    return out.getvalue()
