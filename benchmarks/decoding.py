"""From a file to the model's pixels, in turns: the gateway's way, Pillow's, the reference's."""

import base64
import io
import statistics
import time
from collections.abc import Callable

import numpy as np
from PIL import Image

from backend import images
from benchmarks import pictures
from benchmarks.reference.__main__ import preprocess
from benchmarks.tables import aligned

SIZES = ((352, 352), (640, 480), (1280, 720), (1920, 1080))
SIDE_PIXELS = 352
ROUNDS = 30


def measure() -> dict[str, dict[str, float]]:
    """Size → way → milliseconds, the median over rounds in which the ways take turns."""
    return {f"{width}x{height}": _of_size((width, height)) for width, height in SIZES}


def table(found: dict[str, dict[str, float]]) -> str:
    ways = list(next(iter(found.values())))
    head = ["decode and resize, ms", *ways]
    return aligned(
        [head, *([size, *(f"{ms:.2f}" for ms in of.values())] for size, of in found.items())]
    )


def _of_size(size: tuple[int, int]) -> dict[str, float]:
    file = pictures.camera_file(size)
    encoded = base64.b64encode(file).decode()
    ways: dict[str, Callable[[], object]] = {
        "reference": lambda: preprocess(encoded),
        "Pillow": lambda: _by_pillow(file),
        "this gateway": lambda: _by_gateway(file),
    }
    taken_ms: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, work in ways.items():
            started_s = time.perf_counter()
            work()
            taken_ms[way].append((time.perf_counter() - started_s) * 1000)
    return {way: statistics.median(taken) for way, taken in taken_ms.items()}


def _by_pillow(file: bytes) -> object:
    with Image.open(io.BytesIO(file)) as picture:
        return images.fit_square(np.asarray(picture.convert("RGB")), SIDE_PIXELS)


def _by_gateway(file: bytes) -> object:
    encoded = images.inspect(file, max_pixels=1920 * 1080)
    return images.fit_square(images.decode(encoded, side=SIDE_PIXELS), SIDE_PIXELS)
