"""What becomes of a caller's bytes: which pixels, and which refusal."""

import contextlib
import io
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from backend.errors import (
    AnimatedPicture,
    BadInput,
    PictureTooLarge,
    PictureTooSmall,
    UndecodablePicture,
    UnsupportedPicture,
)
from backend.images import (
    MINIMUM_SIDE,
    as_picture,
    decode,
    fit_square,
    inspect,
    upright_size,
)
from tests.pictures import astronaut, encode, many_scans, png_16_bit, png_with_header

# Where nobody turns warnings into errors, as in production.
as_served = pytest.mark.filterwarnings("ignore::UserWarning")
MANY = 10**7
SMALL = astronaut((48, 40))


def pixels(
    data: bytes, media_type: str | None = None, *, max_pixels: int = MANY
) -> NDArray[np.uint8]:
    decoded = decode(inspect(data, max_pixels=max_pixels, media_type=media_type))
    assert decoded.dtype == np.uint8
    assert decoded.shape[2] == 3
    return decoded


def fit(picture: Image.Image, side: int) -> NDArray[np.uint8]:
    return fit_square(np.asarray(picture), side)


def plain(colour: str | int | tuple[int, ...], mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (64, 48), colour)


def test_a_gigapixel_png_is_refused_by_its_header_alone() -> None:
    # There are no pixels in it: whoever decodes before looking says "broken" instead.
    started_s = time.monotonic()
    with pytest.raises(PictureTooLarge, match=r"^The picture has 50000×50000 pixels and the limit"):
        inspect(png_with_header(50_000, 50_000), max_pixels=25_000_000)
    assert time.monotonic() - started_s < 0.5


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_limit_on_pixels_is_width_times_height_inclusive(kind: str) -> None:
    data = encode(SMALL, kind)
    assert pixels(data, max_pixels=48 * 40).shape == (40, 48, 3)
    with pytest.raises(PictureTooLarge) as caught:
        inspect(data, max_pixels=48 * 40 - 1)
    assert str(caught.value) == (
        "The picture has 48×40 pixels and the limit is 1919: scale it down first."
    )


def test_each_side_needs_its_minimum() -> None:
    assert MINIMUM_SIDE == 32
    assert pixels(encode(astronaut((32, 32)), "PNG")).shape == (32, 32, 3)
    for size in ((31, 400), (400, 31)):
        with pytest.raises(PictureTooSmall, match=rf"has {size[0]}×{size[1]} pixels; each side"):
            inspect(encode(astronaut(size), "PNG"), max_pixels=MANY)


@pytest.mark.parametrize(
    ("kind", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")]
)
def test_what_the_caller_says_it_is_must_be_so(kind: str, media_type: str) -> None:
    data = encode(SMALL, kind)
    assert pixels(data, media_type).shape == (40, 48, 3)
    assert pixels(data).shape == (40, 48, 3)
    for other in {"image/jpeg", "image/png", "image/webp", "image/gif", "text/plain"}:
        if other != media_type:
            with pytest.raises(UnsupportedPicture) as caught:
                inspect(data, max_pixels=MANY, media_type=other)
            assert str(caught.value) == (
                f"The request says {other} and the content is {kind}: make them agree."
            )


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM", "ICO", "TGA"])
def test_no_other_decoder_sees_the_bytes(kind: str) -> None:
    with pytest.raises(UnsupportedPicture, match=r"^This is not a JPEG, PNG or WebP picture\.$"):
        inspect(encode(SMALL, kind), max_pixels=MANY)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_cut_off_in_the_middle_is_undecodable(kind: str) -> None:
    data = encode(SMALL, kind)
    with pytest.raises(UndecodablePicture):
        pixels(data[: len(data) // 2])


def test_a_decoder_that_loses_its_way_is_an_undecodable_picture() -> None:
    # A chunk that says it is shorter than it is: what follows has no name (a SyntaxError, there).
    data = bytearray(encode(SMALL, "PNG"))
    at = data.index(b"IDAT")
    data[at - 4 : at] = (100).to_bytes(4, "big")
    with pytest.raises(UndecodablePicture, match=r"^The picture is broken or cut off: .*\.$"):
        pixels(bytes(data))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_is_refused(kind: str) -> None:
    data = encode(SMALL, kind, save_all=True, append_images=[SMALL.rotate(90)])
    with pytest.raises(AnimatedPicture):
        inspect(data, max_pixels=MANY)


def test_of_a_multi_picture_jpeg_the_first_counts() -> None:
    data = encode(plain("red"), "MPO", save_all=True, append_images=[plain("blue")])
    with Image.open(io.BytesIO(data)) as stored:
        assert (stored.format, getattr(stored, "n_frames", 1)) == ("MPO", 2)
    assert np.array_equal(pixels(data, "image/jpeg"), pixels(encode(plain("red"), "JPEG")))
    assert pixels(data)[20, 20].tolist() == [254, 0, 0]
    with pytest.raises(UnsupportedPicture, match="the content is JPEG"):
        inspect(data, max_pixels=MANY, media_type="image/png")


@as_served
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "exif",
    [
        b"garbage garbage",
        b"Exif\0\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01\x03\0",
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0\0\0\0\0",
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x04\0\0\0\xff\xfe\xfd\0\0\0\0\0",
    ],
    ids=["no tiff", "empty", "offset out of the file", "cut off", "orientation 99", "a text"],
)
def test_a_broken_exif_block_is_ignored(kind: str, exif: bytes) -> None:
    assert np.array_equal(pixels(encode(SMALL, kind, exif=exif)), pixels(encode(SMALL, kind)))


def test_exif_turns_the_picture() -> None:
    bands = plain("blue")
    bands.paste("red", (0, 0, 64, 24))  # red on top as stored
    exif = Image.Exif()
    exif[0x0112] = 6  # what is stored on top is seen on the right
    seen = pixels(encode(bands, "PNG", exif=exif))
    assert seen.shape == (64, 48, 3)
    assert seen[30, 40].tolist() == [255, 0, 0]
    assert seen[30, 8].tolist() == [0, 0, 255]


def test_16_bit_grey_is_scaled_to_8_bits() -> None:
    grey = np.asarray(SMALL.convert("L"))
    assert len(np.unique(grey)) > 100
    assert np.array_equal(pixels(png_16_bit(SMALL)), np.stack([grey] * 3, axis=2))


def test_black_and_white_become_0_and_255() -> None:
    picture = plain(0, "1")
    picture.paste(1, (0, 0, 10, 10))
    seen = pixels(encode(picture, "PNG"))
    assert seen[5, 5].tolist() == [255] * 3
    assert seen[20, 20].tolist() == [0] * 3


@pytest.mark.parametrize("transparency", [1, b"\xff\x00"], ids=["one index", "a table"])
def test_transparent_entries_of_a_palette_lie_on_white(transparency: int | bytes) -> None:
    picture = plain(0, "P")
    picture.putpalette([10, 20, 30, 200, 0, 0])
    picture.paste(1, (0, 0, 10, 10))
    seen = pixels(encode(picture, "PNG", transparency=transparency))
    assert seen[5, 5].tolist() == [255, 255, 255]
    assert seen[20, 20].tolist() == [10, 20, 30]
    assert pixels(encode(picture, "PNG"))[5, 5].tolist() == [200, 0, 0]


def test_half_transparent_pixels_mix_with_white() -> None:
    assert pixels(encode(plain((0, 0, 0, 51), "RGBA"), "PNG"))[0, 0].tolist() == [204] * 3
    assert pixels(encode(plain((0, 51), "LA"), "PNG"))[0, 0].tolist() == [204] * 3


def test_one_transparent_colour_lies_on_white() -> None:
    picture = plain((1, 2, 3))
    picture.paste((9, 9, 9), (0, 0, 10, 10))
    seen = pixels(encode(picture, "PNG", transparency=(9, 9, 9)))
    assert seen[5, 5].tolist() == [255] * 3
    assert seen[20, 20].tolist() == [1, 2, 3]


def test_cmyk_becomes_the_colours_it_prints() -> None:
    seen = pixels(encode(plain((0, 255, 255, 0), "CMYK"), "JPEG", quality=95))
    assert seen[20, 20].tolist() == pytest.approx([255, 0, 0], abs=3)


# Bands of colour across the longer side: the margins are red and blue, the centre is green.
@pytest.mark.parametrize("scale", [1, 2, 0.5])
@pytest.mark.parametrize("upright", [False, True], ids=["landscape", "portrait"])
def test_the_centre_square_survives_and_the_margins_do_not(scale: float, upright: bool) -> None:
    short = round(352 * scale)
    picture = Image.new("RGB", (2 * short, short), "red")
    picture.paste("green", (short // 2, 0, short // 2 + short, short))
    picture.paste("blue", (short // 2 + short, 0, 2 * short, short))
    if upright:
        picture = picture.transpose(Image.Transpose.ROTATE_270)
    # The outermost pixels of a smaller or larger square mix with their neighbours.
    edge = 0 if scale == 1 else 2
    square = fit(picture, 352)[edge : 352 - edge, edge : 352 - edge]
    assert np.unique(square.reshape(-1, 3), axis=0).tolist() == [[0, 128, 0]]


@pytest.mark.parametrize(
    "size", [(640, 480), (480, 640), (1280, 720), (353, 352), (999, 501), (120, 90)]
)
def test_a_square_in_the_centre_stays_a_square_in_the_centre(size: tuple[int, int]) -> None:
    short = min(size)
    half = short // 4
    middle = (size[0] // 2, size[1] // 2)
    picture = Image.new("RGB", size, "black")
    picture.paste("white", (middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half))
    bright = fit(picture, 352)[:, :, 0] > 127
    expected = 352 * 2 * half / short
    for axis in (0, 1):
        inside = np.flatnonzero(bright.any(axis=axis))
        assert len(inside) == pytest.approx(expected, abs=2)
        assert inside.mean() == pytest.approx(175.5, abs=2)


def test_the_exact_size_is_returned_unchanged() -> None:
    picture = astronaut((352, 352))
    assert np.array_equal(fit(picture, 352), np.asarray(picture))


@given(width=st.integers(32, 300), height=st.integers(32, 300), side=st.sampled_from([1, 33, 64]))
@settings(max_examples=40, deadline=None)
def test_any_size_becomes_the_square_and_one_colour_stays_it(
    width: int, height: int, side: int
) -> None:
    square = fit(Image.new("RGB", (width, height), (10, 200, 77)), side)
    assert square.shape == (side, side, 3)
    assert square.dtype == np.uint8
    assert (square == (10, 200, 77)).all()


def check_any(data: bytes) -> None:
    """Nothing but a refusal or a picture within the limits may come of it."""
    with contextlib.suppress(BadInput):
        height, width, _ = pixels(data, max_pixels=100_000).shape
        assert width * height <= 100_000
        fitted = decode(inspect(data, max_pixels=100_000), side=33)
        assert fit_square(fitted, 33).shape == (33, 33, 3)


@as_served
@given(
    start=st.sampled_from(
        [b"", b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n", b"RIFF\0\1\0\0WEBPVP8 "]
    ),
    rest=st.binary(max_size=300),
)
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_refused_or_decoded(start: bytes, rest: bytes) -> None:
    check_any(start + rest)


SEEDS = {
    "jpeg": encode(SMALL, "JPEG"),
    "progressive": encode(SMALL, "JPEG", progressive=True),
    "mpo": encode(SMALL, "MPO", save_all=True, append_images=[SMALL]),
    "png": encode(SMALL, "PNG"),
    "palette": encode(SMALL.convert("P"), "PNG"),
    "grey16": png_16_bit(SMALL),
    "webp": encode(SMALL, "WEBP"),
    "animation": encode(SMALL, "WEBP", save_all=True, append_images=[SMALL.rotate(90)]),
}


@as_served
@given(
    seed=st.sampled_from(sorted(SEEDS)),
    changes=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4)), min_size=1, max_size=8),
    keep_ratio=st.one_of(st.just(1.0), st.floats(0, 1)),
)
@settings(max_examples=300, deadline=None)
def test_any_mutation_of_a_picture_is_refused_or_decoded(
    seed: str, changes: list[tuple[float, bytes]], keep_ratio: float
) -> None:
    data = bytearray(SEEDS[seed])
    for at_ratio, replacement in changes:
        at = int(at_ratio * len(data))
        data[at : at + len(replacement)] = replacement
    check_any(bytes(data[: int(keep_ratio * len(data))]))


def test_more_scans_than_an_encoder_writes_are_refused_before_decoding() -> None:
    assert pixels(many_scans(50)).shape == (64, 64, 3)
    with pytest.raises(UndecodablePicture, match="more than 50 scans"):
        inspect(many_scans(51), max_pixels=10_000)


def test_the_transparent_shade_of_a_16_bit_grey_picture_lies_on_white() -> None:
    shades = np.full((32, 32), 0x2040, np.uint16)
    shades[:, :8] = 0x8000
    buffer = io.BytesIO()
    Image.fromarray(shades).save(buffer, "PNG", transparency=0x2040)
    decoded = pixels(buffer.getvalue())
    assert (decoded[:, 8:] == 255).all()
    assert (decoded[:, :8] == 128).all()


# A part of the picture


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("part", [(10, 20, 110, 120), (0, 0, 480, 480), (160, 0, 640, 480)])
def test_a_named_part_is_what_is_scaled(
    part: tuple[float, float, float, float], channels: int
) -> None:
    picture = astronaut((640, 480))
    pixels = np.asarray(picture.convert("RGB" if channels == 3 else "RGBA"))
    expected = picture.crop(part).resize((352, 352), Image.Resampling.BILINEAR)
    assert np.array_equal(fit_square(pixels, 352, part), np.asarray(expected))


def test_a_part_may_begin_between_pixels() -> None:
    ramp = np.repeat(np.arange(0, 200, 2).astype(np.uint8)[None, :, None], 100, 0).repeat(3, 2)
    middle = fit_square(ramp, 40, (10.5, 30.0, 50.5, 70.0))
    # Each pixel is the mean of two neighbours, which lie 2 apart.
    assert np.array_equal(middle[20, 1:-1, 0], np.arange(23, 99, 2))


def test_a_part_of_the_models_size_is_handed_on_as_it_is() -> None:
    pixels = np.asarray(astronaut((640, 480)))
    part = fit_square(pixels, 352, (100, 50, 452, 402))
    assert np.array_equal(part, pixels[50:402, 100:452])
    assert part.flags.c_contiguous


@pytest.mark.parametrize(("orientation", "size"), [(1, (640, 480)), (6, (480, 640))])
@pytest.mark.parametrize("side", [None, 64])
def test_the_size_of_a_picture_is_told_upright_and_whole(
    orientation: int, size: tuple[int, int], side: int | None
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = inspect(encode(astronaut((640, 480)), "JPEG", exif=exif), max_pixels=10**6)
    assert upright_size(picture, decode(picture, side=side)) == size


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_padded_pixels_are_the_same_ones_with_room_for_a_fourth_channel(kind: str) -> None:
    picture = inspect(encode(astronaut((64, 48)), kind), max_pixels=10**6)
    plain, padded = decode(picture), decode(picture, padded=True)
    assert padded.shape == (48, 64, 4 if kind == "JPEG" else 3)
    np.testing.assert_array_equal(padded[:, :, :3], plain)
    np.testing.assert_array_equal(as_picture(padded).convert("RGB"), as_picture(plain))
