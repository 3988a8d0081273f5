"""Several pictures as a clip."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from backend.enrichment.clips.burst import decode, inspect
from backend.enrichment.clips.protocol import DecodingLimits
from backend.enrichment.clips.sampling import SampleLimits
from backend.errors import (
    ClipTooLarge,
    MalformedRequest,
    PictureTooLarge,
    UndecodablePicture,
    UnsupportedPicture,
)
from tests.pictures import astronaut, encode, png_with_header

LIMITS = DecodingLimits(SampleLimits(most_frames=4, most_pixels=4 * 48 * 40))
PICTURE = astronaut((48, 40))


def test_pictures_of_any_kind_become_frames_in_their_order() -> None:
    files = [encode(PICTURE, "PNG"), encode(PICTURE.rotate(180), "PNG"), encode(PICTURE, "JPEG")]
    files.append(encode(PICTURE, "WEBP", lossless=True))
    burst = inspect(files, LIMITS)
    seen: list[tuple[int, int]] = []
    frames = decode(burst, lambda done, of: seen.append((done, of)))
    assert frames.shape == (4, 40, 48, 3)
    assert frames.dtype == np.uint8
    assert burst.size_bytes == frames.nbytes
    assert np.array_equal(frames[0], np.asarray(PICTURE))
    assert np.array_equal(frames[1], np.asarray(PICTURE.rotate(180)))
    assert np.array_equal(frames[3], np.asarray(PICTURE))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_pictures_are_turned_upright() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    upright = PICTURE.rotate(-90, expand=True)
    files = [encode(PICTURE, "JPEG", exif=turned), encode(upright, "PNG")]
    assert decode(inspect(files, LIMITS)).shape == (2, 48, 40, 3)


def test_no_picture_is_no_burst() -> None:
    with pytest.raises(MalformedRequest, match="at least one picture"):
        inspect([], LIMITS)


def test_pictures_of_several_sizes_are_refused_by_their_headers() -> None:
    files = [encode(PICTURE, "PNG"), encode(astronaut((48, 41)), "PNG")]
    with pytest.raises(MalformedRequest, match="Picture 2 is of another size than the first"):
        inspect(files, LIMITS)


def test_pictures_of_as_many_pixels_but_another_shape_are_refused() -> None:
    files = [encode(PICTURE, "PNG"), encode(PICTURE.rotate(90, expand=True), "PNG")]
    with pytest.raises(MalformedRequest, match="Picture 2 is of another size than the first"):
        decode(inspect(files, LIMITS))


def test_the_text_says_which_picture_is_at_fault() -> None:
    whole = encode(PICTURE, "PNG")
    with pytest.raises(UnsupportedPicture, match=r"^Picture 2: This is not a JPEG"):
        inspect([whole, b"nothing"], LIMITS)
    with pytest.raises(UndecodablePicture, match=r"^Picture 2: The picture is broken"):
        decode(inspect([whole, whole[: len(whole) // 2]], LIMITS))


def test_a_gigapixel_is_refused_by_its_header() -> None:
    with pytest.raises(PictureTooLarge, match=r"^Picture 1: The picture has 50000×50000"):
        inspect([png_with_header(50_000, 50_000)], LIMITS)


def test_more_pictures_pixels_or_bytes_than_a_clip_may_have_are_refused() -> None:
    data = encode(PICTURE, "PNG")
    with pytest.raises(ClipTooLarge, match="would be 5 frames and a clip may have 4"):
        inspect([data] * 5, LIMITS)
    with pytest.raises(ClipTooLarge, match="4 frames of 1920 pixels"):
        inspect([data] * 4, replace(LIMITS, sample=SampleLimits(4, 4 * 48 * 40 - 1)))
    with pytest.raises(ClipTooLarge, match="together"):
        inspect([data] * 4, replace(LIMITS, most_file_bytes=4 * len(data) - 1))
