"""Which reasons a picture is given; the pictures are degraded ones of a real face."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from backend.gateway.reasons import REASONS, reasons
from tests.pictures import astronaut, decoded, encode
from tests.scorer import load_scorer

FACE = (160, 20, 300, 160)  # of the astronaut, with a margin
MEASURES = load_scorer()


def reasons_of(picture: Image.Image) -> list[str]:
    square = picture.resize((352, 352), Image.Resampling.BILINEAR)
    return reasons(MEASURES.measure(np.asarray(square)))


@pytest.fixture
def picture() -> Image.Image:
    return astronaut().resize((352, 352), Image.Resampling.BILINEAR)


def test_nothing_is_wrong_with_a_good_picture(picture: Image.Image) -> None:
    assert reasons_of(picture) == []
    assert "too_dark" not in reasons_of(astronaut().crop(FACE))


@pytest.mark.parametrize(
    ("gain", "expected"), [(0.8, []), (0.6, []), (0.3, ["too_dark"]), (0.1, ["too_dark"])]
)
def test_a_dark_picture_is_too_dark(picture: Image.Image, gain: float, expected: list[str]) -> None:
    said = reasons_of(picture.point(lambda value: int(value * gain)))
    assert [code for code in said if code.startswith("too_")] == expected


def test_a_burnt_out_picture_is_too_bright_and_not_too_dark(picture: Image.Image) -> None:
    assert reasons_of(picture.point(lambda value: min(255, value * 3)))[0] == "too_bright"
    assert reasons_of(Image.new("RGB", (352, 352), "white"))[0] == "too_bright"


@pytest.mark.parametrize(("sigma", "blurry"), [(0.5, False), (3, True), (8, True)])
def test_a_blurred_picture_is_blurry(picture: Image.Image, sigma: float, blurry: bool) -> None:
    said = reasons_of(picture.filter(ImageFilter.GaussianBlur(sigma)))
    assert ("blurry" in said) is blurry


def test_a_noisy_picture_is_noisy(picture: Image.Image) -> None:
    noise = np.random.default_rng(1).normal(0, 30, (352, 352, 3))
    noisy = np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8)
    assert "noisy" in reasons_of(Image.fromarray(noisy))


def test_a_hard_compressed_picture_is_compressed(picture: Image.Image) -> None:
    assert "compressed" in reasons_of(decoded(encode(picture, "JPEG", quality=8)))


def test_a_model_with_measures_of_its_own_gives_no_reasons() -> None:
    assert reasons({"grey": 0.0}) == []
    assert reasons({"sharpness": 0.0}) == ["blurry"]


def test_every_reason_is_a_known_one_in_its_order() -> None:
    worst = dict.fromkeys(MEASURES.MEASURES, 0.0)
    light = dict.fromkeys(MEASURES.MEASURES, 0.0) | {"over_exposure": 100.0}
    for measures in (worst, light):
        said = reasons(measures)
        assert said == [code for code in REASONS if code in said]
        assert len(said) == 4
