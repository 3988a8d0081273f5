"""BRISQUE: its features worked out by hand, and its scores beside the published package's."""

import hashlib
import io
import json
import math
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from scripts.zoo_models.configuration import weights_of
from tests.brisque import FOLDER, load_features
from tests.processes import PROJECT

brisque = load_features()
WEIGHTS = FOLDER / "1/svr.npz"
regression = brisque.Regression(WEIGHTS)
GOLDEN = json.loads((PROJECT / "tests/data/brisque_golden.json").read_text())["scores"]
Picture = NDArray[np.uint8]


@lru_cache
def photograph(name: str) -> Image.Image:
    with Image.open(PROJECT / f"loadtest/pictures/{name}.jpg") as image:
        return image.convert("RGB")


def spoilt(name: str, how: str) -> Picture:
    image = photograph(name)
    if how.startswith("blur"):
        image = image.filter(ImageFilter.GaussianBlur(int(how.split()[1])))
    elif how.startswith("noise"):
        noise = np.random.default_rng(1).normal(0, int(how.split()[1]), (*image.size[::-1], 3))
        return np.clip(np.rint(np.asarray(image) + noise), 0, 255).astype(np.uint8)
    elif how.startswith("JPEG"):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=int(how.split()[1]))
        image = Image.open(buffer).convert("RGB")
    elif "x" in how:
        width, height = map(int, how.split("x"))
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image)


@pytest.mark.parametrize("name", GOLDEN)
@pytest.mark.parametrize("how", GOLDEN["coffee"])
def test_a_score_is_the_package_s(name: str, how: str) -> None:
    """The tolerance for JPEG 10 is for flat blocks, where the last bit of a value has a say."""
    tolerance = 0.5 if how == "JPEG 10" else 0.02
    assert regression.score(spoilt(name, how)) == pytest.approx(GOLDEN[name][how], abs=tolerance)


@pytest.mark.parametrize("name", GOLDEN)
@pytest.mark.parametrize("family", [("blur", 1, 3, 6), ("noise", 10, 20, 40), ("JPEG", 80, 30, 10)])
def test_the_score_rises_as_a_picture_is_spoilt(
    name: str, family: tuple[str, int, int, int]
) -> None:
    kind, *steps = family
    scores = [regression.score(spoilt(name, f"{kind} {step}")) for step in steps]
    assert regression.score(spoilt(name, "as it is")) < scores[0] < scores[1] < scores[2]


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize(("left", "right"), [(1.0, 1.0), (0.5, 2.0)])
def test_a_fit_finds_the_parameters_that_numbers_were_drawn_with(
    shape: float, left: float, right: float
) -> None:
    rng = np.random.default_rng(7)
    count = 400_000
    spread = math.sqrt(math.gamma(1 / shape) / math.gamma(3 / shape))
    magnitudes = rng.gamma(1 / shape, 1, count) ** (1 / shape) * spread
    # Each side has a part of the numbers in proportion to its deviation.
    on_the_left = rng.random(count) < left / (left + right)
    values = np.where(on_the_left, -left, right) * magnitudes
    found = brisque._fit(values)
    mean = (right - left) * spread * math.gamma(2 / shape) / math.gamma(1 / shape)
    assert found == pytest.approx([shape, mean, left**2, right**2], rel=0.05, abs=0.01)


def test_normalised_luminance_is_what_the_definition_says() -> None:
    plane = np.random.default_rng(3).random((12, 9))
    offsets = np.arange(-3, 4)
    window = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * (7 / 6) ** 2))
    window /= window.sum()
    padded = np.pad(plane, 3)
    expected = np.empty_like(plane)
    for y, x in np.ndindex(plane.shape):
        patch = padded[y : y + 7, x : x + 7]
        mean = (window * patch).sum()
        deviation = math.sqrt((window * (patch - mean) ** 2).sum())
        expected[y, x] = (plane[y, x] - mean) / (deviation + 1 / 255)
    np.testing.assert_allclose(brisque._normalised(plane), expected, rtol=1e-6)


@pytest.mark.parametrize(("length", "half"), [(8, 4), (9, 4), (11, 6), (451, 226)])
def test_half_the_size_keeps_a_ramp_a_ramp(length: int, half: int) -> None:
    ramp = np.tile(np.arange(length, dtype=float), (8, 1))
    small = brisque._halved(ramp)
    assert small.shape == (4, half)
    inner = small[:, 1 : length // 2 - 1]
    np.testing.assert_allclose(inner, np.tile(2 * np.arange(1, 1 + inner.shape[1]) + 0.5, (4, 1)))


@pytest.mark.parametrize("shade", [0, 1, 128, 255])
def test_a_picture_of_one_shade_has_a_score(shade: int) -> None:
    picture = np.full((40, 60, 3), shade, np.uint8)
    assert np.isfinite(brisque.features(picture)).all()
    assert math.isfinite(regression.score(picture))


@settings(max_examples=50)
@given(
    arrays(
        np.uint8,
        st.tuples(st.integers(8, 40), st.integers(8, 40), st.just(3)),
        elements=st.integers(0, 255),
    )
)
def test_every_picture_has_finite_features_and_a_score(picture: Picture) -> None:
    values = brisque.features(picture)
    assert values.shape == (36,)
    assert np.isfinite(values).all()
    assert math.isfinite(regression.score(picture))


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((64, 64, 3), np.float32),
        np.zeros((64, 64), np.uint8),
        np.zeros((64, 64, 4), np.uint8),
        np.zeros((7, 64, 3), np.uint8),
    ],
    ids=["float", "no channels", "alpha", "too small"],
)
def test_anything_but_an_rgb_picture_is_refused_by_name(picture: NDArray[np.generic]) -> None:
    with pytest.raises(ValueError, match=r"want uint8 \(height, width, 3\)"):
        regression.score(picture)


def test_the_configuration_names_the_weights_that_are_there() -> None:
    digest = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    assert weights_of(FOLDER) == f"sha256:{digest}"
