"""The quick look at a JPEG: right, or nothing."""

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, UnidentifiedImageError

from backend.jpeg_header import read_size
from tests.pictures import ASTRONAUT, astronaut, encode

PLAIN = encode(astronaut((96, 64)), "JPEG")


@pytest.mark.parametrize("size", [(1, 1), (96, 64), (640, 481)])
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_the_size_of_an_ordinary_jpeg_is_read(
    size: tuple[int, int], mode: str, subsampling: int
) -> None:
    data = encode(astronaut(size).convert(mode), "JPEG", subsampling=subsampling)
    assert read_size(data) == size


def test_a_comment_is_passed_over() -> None:
    assert read_size(encode(astronaut((96, 64)), "JPEG", comment=b"from a camera")) == (96, 64)


def test_whatever_may_turn_the_picture_or_need_several_passes_is_left_to_others() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = astronaut((96, 64))
    for data in (
        encode(picture, "JPEG", exif=exif),
        encode(picture, "JPEG", progressive=True),
        encode(picture.convert("CMYK"), "JPEG"),
        encode(picture, "JPEG", icc_profile=b"a profile"),
        encode(picture, "PNG"),
        encode(picture, "WEBP"),
        ASTRONAUT.read_bytes()[:20],
        b"",
    ):
        assert read_size(data) is None


def test_a_first_scan_without_all_components_is_left_to_others() -> None:
    at = PLAIN.index(b"\xff\xda")
    assert PLAIN[at + 4] == 3
    assert read_size(PLAIN[: at + 4] + b"\x01" + PLAIN[at + 5 :]) is None


@pytest.mark.parametrize("length", [2, 8, 14, 2314, 65535])
def test_a_scan_whose_header_has_another_length_is_left_to_others(length: int) -> None:
    at = PLAIN.index(b"\xff\xda") + 2
    assert PLAIN[at : at + 2] == b"\x00\x0c"
    assert read_size(PLAIN[:at] + length.to_bytes(2) + PLAIN[at + 2 :]) is None


def test_a_second_frame_is_left_to_others() -> None:
    at = PLAIN.index(b"\xff\xc0")
    frame = PLAIN[at : at + 19]
    assert read_size(PLAIN[:at] + frame + PLAIN[at:]) is None


@given(st.integers(0, len(PLAIN)))
def test_a_jpeg_cut_off_anywhere_has_its_size_or_none(end: int) -> None:
    assert read_size(PLAIN[:end]) in (None, (96, 64))


@given(st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=4))
def test_where_it_answers_pillow_says_the_same_or_refuses(changes: list[tuple[int, int]]) -> None:
    data = bytearray(PLAIN)
    for at, value in changes:
        data[at] = value
    size = read_size(bytes(data))
    if size is not None:
        # Broken tables, which Pillow reads and this does not, come to light in the decoder.
        with contextlib.suppress(UnidentifiedImageError), Image.open(io.BytesIO(data)) as picture:
            assert picture.size == size


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail(tail: bytes) -> None:
    assert read_size(b"\xff\xd8" + tail) is None or np.prod(read_size(b"\xff\xd8" + tail) or 0) > 0
