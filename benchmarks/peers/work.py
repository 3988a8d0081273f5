"""The same work as behind the gateway, in the peer's own process: a file in, a score out."""

import importlib.util
import io
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
from PIL import Image

SIDE = 352
MIDDLE = SIDE // 2
MEASURES = Path(__file__).parents[2] / "triton_models/capture_quality/1/measures.py"
# Peers are started by their own command lines, which have no room for an argument.
MODEL_VARIABLE = "BENCHMARK_MODEL"


def scorer() -> Callable[[Image.Image], float]:
    """What the environment names: the work of `capture_quality`, or one byte of the picture."""
    if os.environ[MODEL_VARIABLE] == "idle":
        return lambda picture: float(pixels(picture)[MIDDLE, MIDDLE, 0]) / 255
    measures = load_measures()
    return lambda picture: float(measures.score(measures.measure(pixels(picture))))


def decode(file: bytes) -> Image.Image:
    return Image.open(io.BytesIO(file))


def pixels(picture: Image.Image) -> np.ndarray:
    """uint8 array of shape (SIDE, SIDE, 3)."""
    rgb = picture.convert("RGB")
    if rgb.size != (SIDE, SIDE):
        rgb = rgb.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(rgb)


def load_measures() -> ModuleType:
    """By path: a version folder of a model is no package."""
    spec = importlib.util.spec_from_file_location("measures", MEASURES)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
