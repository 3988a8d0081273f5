"""A much larger JPEG is decoded smaller, and its score must not show it."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from backend import images
from backend.images import decode, fit_square, inspect, scaled_decoding_factor
from tests.pictures import encode
from tests.scorer import load_scorer

PICTURES = Path(__file__).resolve().parents[3] / "loadtest/pictures"
SIDE = 352
# Of the score, which goes from 0 to 1.
TOLERANCE = 0.01
# Shorter sides: the first that are decoded at 1/2 and 1/4, full HD, and between.
FIRST_HALVED, FIRST_QUARTERED = 1078, 2155


@pytest.fixture(scope="module")
def scorer() -> ModuleType:
    return load_scorer()


@lru_cache
def photograph(name: str, short: int) -> Image.Image:
    with Image.open(PICTURES / f"{name}.jpg") as picture:
        scale = short / min(picture.size)
        size = (round(picture.width * scale), round(picture.height * scale))
        return picture.convert("RGB").resize(size, Image.Resampling.BICUBIC)


def plain(picture: Image.Image) -> Image.Image:
    return picture


def blurred(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(min(picture.size) / 300))


def noisy(picture: Image.Image) -> Image.Image:
    samples = np.asarray(picture, np.float32)
    noise = np.random.default_rng(7).standard_normal(samples.shape, np.float32)
    return Image.fromarray(np.clip(samples + 12 * noise, 0, 255).astype(np.uint8))


def square(data: bytes, side: int | None) -> NDArray[np.uint8]:
    return fit_square(decode(inspect(data, max_pixels=10**8), side=side), SIDE)


def change_of_score(scorer: ModuleType, data: bytes) -> float:
    """How far decoding it smaller moves the score."""
    whole, scaled = (
        float(scorer.score(scorer.measure(square(data, side)))) for side in (None, SIDE)
    )
    return abs(whole - scaled)


@pytest.mark.parametrize("quality", [50, 92])
@pytest.mark.parametrize("change", [plain, blurred, noisy])
@pytest.mark.parametrize("short", [1056, FIRST_HALVED, 1080, 1400])
@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee"])
def test_the_score_of_a_halved_picture_stays(
    scorer: ModuleType,
    name: str,
    short: int,
    change: Callable[[Image.Image], Image.Image],
    quality: int,
) -> None:
    data = encode(change(photograph(name, short)), "JPEG", quality=quality)
    assert change_of_score(scorer, data) <= TOLERANCE


@pytest.mark.parametrize(
    ("name", "short", "change", "quality"),
    [
        ("astronaut", FIRST_QUARTERED, plain, 50),
        ("astronaut", 2160, noisy, 92),
        ("coffee", FIRST_QUARTERED, plain, 75),
        ("coffee", 2400, blurred, 50),
        ("chelsea", 2112, plain, 92),
    ],
)
def test_the_score_of_a_quartered_picture_stays(
    scorer: ModuleType,
    name: str,
    short: int,
    change: Callable[[Image.Image], Image.Image],
    quality: int,
) -> None:
    data = encode(change(photograph(name, short)), "JPEG", quality=quality)
    assert change_of_score(scorer, data) <= TOLERANCE


@pytest.mark.parametrize(
    ("margin", "name", "short", "change", "quality"),
    [(1.0, "astronaut", 704, noisy, 92), (1.5, "chelsea", 1056, blurred, 75)],
)
def test_nearer_to_the_size_asked_for_the_score_would_move(
    monkeypatch: pytest.MonkeyPatch,
    scorer: ModuleType,
    margin: float,
    name: str,
    short: int,
    change: Callable[[Image.Image], Image.Image],
    quality: int,
) -> None:
    data = encode(change(photograph(name, short)), "JPEG", quality=quality)
    assert change_of_score(scorer, data) == 0
    monkeypatch.setattr(images, "SCALED_DECODING_MARGIN", margin)
    assert change_of_score(scorer, data) > TOLERANCE


@pytest.mark.parametrize(
    ("short", "factor"),
    [
        (32, 1),
        (352, 1),
        (704, 1),
        (1077, 1),
        (FIRST_HALVED, 2),
        (2154, 2),
        (FIRST_QUARTERED, 4),
        (4308, 4),
        (4309, 8),
        (50_000, 8),
    ],
)
def test_the_factor_follows_the_shorter_side(short: int, factor: int) -> None:
    assert scaled_decoding_factor(short, SIDE) == factor


@given(short=st.integers(1, 60_000), side=st.integers(1, 2000))
def test_what_is_left_is_never_under_the_margin(short: int, side: int) -> None:
    factor = scaled_decoding_factor(short, side)
    assert factor in (1, 2, 4, 8)
    assert factor == 1 or short / factor >= images.SCALED_DECODING_MARGIN * side


@pytest.mark.parametrize(
    ("size", "side", "shape"),
    [
        ((1920, 1080), 352, (540, 960, 4)),
        ((1079, 1081), 352, (541, 540, 4)),
        ((1921, 1077), 352, (1077, 1921, 4)),
        ((2157, 2301), 352, (576, 540, 4)),
        ((801, 803), 64, (101, 101, 4)),
        ((64, 1601), 64, (1601, 64, 3)),
    ],
)
def test_the_shape_is_that_of_the_file_divided_and_rounded_up(
    size: tuple[int, int], side: int, shape: tuple[int, ...]
) -> None:
    data = encode(Image.new("RGB", size, (10, 200, 77)), "JPEG", quality=95)
    decoded = decode(inspect(data, max_pixels=10**8), side=side)
    assert decoded.shape == shape
    assert np.abs(decoded[:, :, :3].astype(int) - (10, 200, 77)).max() <= 2


def test_no_other_format_is_decoded_smaller() -> None:
    for kind in ("PNG", "WEBP"):
        data = encode(Image.new("RGB", (800, 600)), kind)
        assert decode(inspect(data, max_pixels=10**8), side=32).shape == (600, 800, 3)
