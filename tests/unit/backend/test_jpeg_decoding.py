"""Two decoders and one result: what libjpeg-turbo decodes into an array is what Pillow decodes."""

import io
from typing import Any, NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from backend import images
from backend.errors import UndecodablePicture
from backend.images import decode, fit_square, inspect
from tests.pictures import astronaut, encode

MANY = 10**7
# Odd on purpose: the last blocks of pixels and of colour are not whole.
PICTURE = astronaut((211, 157))
ORIENTATION = 0x0112
ORDINARY: dict[str, tuple[Image.Image, dict[str, Any]]] = {
    "4:4:4": (PICTURE, {"subsampling": "4:4:4", "quality": 95}),
    "4:2:2": (PICTURE, {"subsampling": "4:2:2"}),
    "4:2:0": (PICTURE, {"subsampling": "4:2:0", "quality": 40}),
    "grey": (PICTURE.convert("L"), {}),
    "progressive": (PICTURE, {"progressive": True}),
    "progressive grey": (PICTURE.convert("L"), {"progressive": True, "quality": 20}),
    "optimised": (PICTURE, {"optimize": True}),
    "with restarts": (PICTURE, {"restart_marker_blocks": 3}),
}


def by_pillow(data: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))


def decoded(data: bytes, side: int | None = None) -> NDArray[np.uint8]:
    return decode(inspect(data, max_pixels=MANY), side=side)


@pytest.fixture
def no_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow's decoder is out of order."""

    def refuse(picture: Image.Image) -> NoReturn:
        raise AssertionError("Pillow was asked")

    monkeypatch.setattr(images, "_to_rgb", refuse)


def check_same(data: bytes) -> None:
    expected = by_pillow(data)
    assert np.array_equal(decoded(data), expected)
    short = min(expected.shape[:2])
    for side in (64, short, 300):
        pixels = decoded(data, side)
        assert np.array_equal(pixels[:, :, :3], expected)
        assert np.array_equal(fit_square(pixels, side), fit_square(expected, side))


@pytest.mark.usefixtures("no_pillow")
@pytest.mark.parametrize("kind", ORDINARY)
def test_an_ordinary_jpeg_is_decoded_without_pillow_and_pixel_for_pixel_alike(kind: str) -> None:
    picture, options = ORDINARY[kind]
    check_same(encode(picture, "JPEG", **options))


@pytest.mark.usefixtures("no_pillow")
def test_the_first_picture_of_several_is_decoded_alike() -> None:
    check_same(encode(PICTURE, "MPO", save_all=True, append_images=[PICTURE.rotate(180)]))


@pytest.mark.usefixtures("no_pillow")
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("grey", [False, True])
def test_every_orientation_is_turned_upright_alike(orientation: int, grey: bool) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = encode(PICTURE.convert("L") if grey else PICTURE, "JPEG", exif=exif)
    assert decoded(data).shape == ((157, 211, 3) if orientation < 5 else (211, 157, 3))
    check_same(data)


@pytest.mark.usefixtures("no_pillow")
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_that_is_decoded_smaller_is_turned_upright_too(orientation: int) -> None:
    stored = astronaut((800, 700))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = encode(stored, "JPEG", exif=exif)
    smaller = decoded(data, 64)
    assert smaller.shape == ((175, 200, 4) if orientation < 5 else (200, 175, 4))
    square = fit_square(smaller, 64).astype(int)
    assert np.abs(square - fit_square(by_pillow(data), 64)).mean() < 3


@pytest.mark.usefixtures("no_pillow")
@pytest.mark.parametrize("kind", ["4:2:0", "grey"])
def test_what_follows_the_end_of_a_jpeg_does_not_matter(kind: str) -> None:
    picture, options = ORDINARY[kind]
    check_same(encode(picture, "JPEG", **options) + b"\0\1\2 and a preview")


@pytest.mark.parametrize("extraneous", [b"\0", b"\0\0\0\0", b"\x55" * 40])
def test_a_jpeg_that_is_only_unusual_is_decoded_by_pillow(
    extraneous: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encode(PICTURE, "JPEG")
    data = data[:-2] + extraneous + data[-2:]
    check_same(data)
    monkeypatch.setattr(images, "_decode_jpeg", lambda *_, **__: None)
    check_same(data)


def test_ink_is_left_to_pillow() -> None:
    data = encode(PICTURE.convert("CMYK"), "JPEG")
    assert np.array_equal(decoded(data), by_pillow(data))
    assert np.array_equal(decoded(data, 64), by_pillow(data))


@pytest.mark.parametrize("kind", ORDINARY)
@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("side", [None, 64])
def test_a_jpeg_cut_off_anywhere_is_undecodable(kind: str, share: float, side: int | None) -> None:
    picture, options = ORDINARY[kind]
    data = encode(picture, "JPEG", **options)
    with pytest.raises(UndecodablePicture, match=r"^The picture is broken or cut off: .*\.$"):
        decoded(data[: int(share * len(data))], side)
