"""Bytes → upright RGB pixels → what a model takes: limits, orientation, crop, resize.

Two decoders: libjpeg-turbo straight into an array for ordinary JPEGs, Pillow for everything else
and for every JPEG that the first one will not take, so that Pillow alone says what is broken.
"""

import contextlib
import io
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from backend import jpeg_header
from backend.errors import (
    AnimatedPicture,
    PictureTooLarge,
    PictureTooSmall,
    UndecodablePicture,
    UnsupportedPicture,
)

# Only these decoders ever see a caller's bytes.
FORMATS = ("JPEG", "PNG", "WEBP")
MEDIA_TYPES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
# A progressive JPEG has about ten. Each costs a pass over all pixels, however few its bytes.
MOST_SCANS = 50
_START_OF_SCAN = b"\xff\xda"
# Under this there is nothing to judge: a score would describe the enlargement, not the picture.
MINIMUM_SIDE = 32
# A JPEG may be decoded at 1/8, 1/4 or 1/2 where its shorter side stays this many times the one
# that is asked for. Nearer to it, leaving the high frequencies out shows in a quality score:
# docs/decisions/0005-decoding.md has the measurement, and a test repeats it.
SCALED_DECODING_MARGIN = 1.53
# The limit on pixels below is ours and depends on the caller's settings; Pillow's own is global.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True)
class EncodedPicture:
    """A file whose header has been read and found within the limits."""

    data: bytes
    width: int
    height: int
    # As Pillow has opened it; None for an ordinary JPEG, which needs no Pillow.
    opened: Image.Image | None

    @property
    def pixels(self) -> int:
        return self.width * self.height


def inspect(data: bytes, *, max_pixels: int, media_type: str | None = None) -> EncodedPicture:
    """Read the header of a JPEG, PNG or WebP; no pixel is decoded.

    Args:
        data: A whole file.
        max_pixels: Width × height.
        media_type: What the caller says it is; None to go by the content alone.

    Raises:
        UnsupportedPicture: another format, or not the one that `media_type` names.
        PictureTooLarge: the header announces more than `max_pixels`.
        PictureTooSmall: the shorter side is under MINIMUM_SIDE.
        AnimatedPicture: an animated WebP or PNG.
        UndecodablePicture: a broken header, or a JPEG of too many scans.
    """
    if size := jpeg_header.read_size(data):
        _check(*size, "JPEG", max_pixels, media_type)
        return EncodedPicture(data, *size, opened=None)
    opened = _open(data)
    # Phones append a preview to a JPEG; Pillow then calls it MPO.
    kind = "JPEG" if opened.format == "MPO" else str(opened.format)
    _check(*opened.size, kind, max_pixels, media_type)
    if opened.format != "MPO" and getattr(opened, "is_animated", False):
        raise AnimatedPicture("The picture is animated: send one frame of it.")
    if opened.format != "PNG" and data.count(_START_OF_SCAN) > MOST_SCANS:
        raise UndecodablePicture(
            f"The JPEG has more than {MOST_SCANS} scans: save it with an ordinary encoder."
        )
    return EncodedPicture(data, *opened.size, opened)


def decode(
    picture: EncodedPicture, *, side: int | None = None, padded: bool = False
) -> NDArray[np.uint8]:
    """Decode into upright RGB pixels.

    EXIF orientation is applied. Grey, palette, CMYK and 16-bit pictures are converted; transparent
    parts are laid over white. Of a multi-picture JPEG (MPO) the first picture counts.

    Args:
        side: Of the square that the picture will be fitted into: a much larger JPEG is decoded
            smaller, and one of another size with a fourth channel, unused, which is the layout
            that Pillow resizes. None for all pixels, three channels.
        padded: All pixels, but with that fourth channel where it costs nothing.

    Returns:
        uint8 array of shape (height, width, 3 or 4), values 0–255, sRGB as stored.

    Raises:
        UndecodablePicture: broken or cut off.

    Source: EXIF 2.32 §4.6.4 (orientation).
    """
    pixels = _decode_jpeg(picture, side, padded=padded)
    if pixels is not None:
        return pixels
    with picture.opened or _open(picture.data) as opened:
        try:
            opened.load()
            return np.asarray(_to_rgb(_upright(opened)))
        except (MemoryError, SystemError, RecursionError):
            raise
        except Exception as error:
            # Decoders raise whatever they like on hostile bytes: OSError, ValueError, struct.error…
            raise UndecodablePicture(
                f"The picture is broken or cut off: {_brief(error)}."
            ) from error


Part = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of a picture, in pixels."""


def upright_size(picture: EncodedPicture, pixels: NDArray[np.uint8]) -> tuple[int, int]:
    """Width and height of the whole picture as it was decoded: upright, and not scaled down."""
    height, width = pixels.shape[:2]
    turned = (width > height) != (picture.width > picture.height) and width != height
    return (picture.height, picture.width) if turned else (picture.width, picture.height)


def fit_square(
    pixels: NDArray[np.uint8], side: int, square: Part | None = None
) -> NDArray[np.uint8]:
    """Resize a square part of a picture, the largest in its centre unless another is named.

    Args:
        pixels: As `decode` returns them.

    Returns:
        Contiguous uint8 array of shape (side, side, 3), values 0–255, sRGB as stored.
    """
    if square is not None:
        pixels, square = _around(pixels, square)
    height, width = pixels.shape[:2]
    short = min(width, height)
    left, top = (width - short) / 2, (height - short) / 2
    # Cropping within the resize leaves the margins out of the work.
    box = square or (left, top, left + short, top + short)
    if pixels.shape == (side, side, 3) and box == (0, 0, side, side):
        return np.ascontiguousarray(pixels)
    fitted = as_picture(pixels).resize((side, side), Image.Resampling.BILINEAR, box=box)
    return np.asarray(fitted.convert("RGB"))


def encode_jpeg(pixels: NDArray[np.uint8], *, width: int | None = None) -> bytes:
    """A picture as a JPEG of good quality.

    Args:
        pixels: uint8 (height, width, 3), RGB.
        width: scale it down to that width; a smaller picture stays as it is. None for its own.
    """
    rows, columns = pixels.shape[:2]
    if width is not None and width < columns:
        size = (width, max(1, round(rows * width / columns)))
        pixels = np.asarray(as_picture(pixels).resize(size, Image.Resampling.BILINEAR))
    encoded: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(pixels), quality=90, colorspace="RGB", colorsubsampling="420"
    )
    return encoded


def as_picture(pixels: NDArray[np.uint8]) -> Image.Image:
    """What Pillow works on; pixels with a fourth channel are not copied for it."""
    height, width, channels = pixels.shape
    mode = "RGBX" if channels == 4 else "RGB"
    return Image.frombuffer(mode, (width, height), np.ascontiguousarray(pixels), "raw", mode, 0, 1)


def _around(pixels: NDArray[np.uint8], part: Part) -> tuple[NDArray[np.uint8], Part]:
    """The whole pixels that a part touches, and where it lies in them."""
    left, top, right, bottom = part
    x, y = int(left), int(top)
    touched = pixels[y : math.ceil(bottom), x : math.ceil(right)]
    return touched, (left - x, top - y, right - x, bottom - y)


def _brief(error: Exception) -> str:
    return str(error)[:120] or type(error).__name__


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise UnsupportedPicture("This is not a JPEG, PNG or WebP picture.") from None
    except Exception as error:
        raise UndecodablePicture(f"The picture's header is broken: {_brief(error)}.") from error


def _check(width: int, height: int, kind: str, max_pixels: int, media_type: str | None) -> None:
    if media_type is not None and MEDIA_TYPES.get(media_type) != kind:
        raise UnsupportedPicture(
            f"The request says {media_type[:40]} and the content is {kind}: make them agree."
        )
    if width * height > max_pixels:
        raise PictureTooLarge(
            f"The picture has {width}×{height} pixels and the limit is {max_pixels}: "
            "scale it down first."
        )
    if min(width, height) < MINIMUM_SIDE:
        raise PictureTooSmall(
            f"The picture has {width}×{height} pixels; each side needs at least {MINIMUM_SIDE}."
        )


def _decode_jpeg(
    picture: EncodedPicture, side: int | None, *, padded: bool
) -> NDArray[np.uint8] | None:
    """Decode a JPEG; None where Pillow has to look at it."""
    opened = picture.opened
    if opened is not None and (
        opened.format not in ("JPEG", "MPO") or opened.mode not in ("RGB", "L")
    ):
        return None
    short = min(picture.width, picture.height)
    shrink = 1 if side is None else scaled_decoding_factor(short, side)
    try:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            picture.data,
            colorspace="RGB" if side in (None, short) and not padded else "RGBX",
            min_width=-(-picture.width // shrink) if shrink > 1 else 0,
            min_height=-(-picture.height // shrink) if shrink > 1 else 0,
        )
    except ValueError:  # broken, or only unusual
        return None
    return pixels if opened is None else _ORIENTED[_orientation(opened)](pixels)


def scaled_decoding_factor(short: int, side: int) -> int:
    """How many times smaller a JPEG with that shorter side may be decoded: 1, 2, 4 or 8."""
    for factor in (8, 4, 2):
        if short >= SCALED_DECODING_MARGIN * side * factor:
            return factor
    return 1


def _orientation(header: Image.Image) -> int:
    # A broken EXIF block says nothing about the pixels.
    with contextlib.suppress(Exception):
        value = header.getexif().get(ExifTags.Base.Orientation, 1)
        if value in _ORIENTED:
            return int(value)
    return 1


# What turns stored pixels upright, by the value of EXIF's orientation.
_ORIENTED: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    1: lambda pixels: pixels,
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels[::-1].swapaxes(0, 1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels[:, ::-1].swapaxes(0, 1),
}


def _upright(picture: Image.Image) -> Image.Image:
    # A broken EXIF block says nothing about the pixels.
    with contextlib.suppress(Exception):
        return ImageOps.exif_transpose(picture)
    return picture


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return picture
    if picture.mode.startswith(
        "I"
    ):  # 16-bit grey: Pillow's own conversion clips instead of scaling
        samples = np.asarray(picture).astype(np.uint16)
        transparent = picture.info.get("transparency")
        if transparent is not None:
            samples[samples == transparent] = 0xFFFF
        return Image.fromarray((samples >> 8).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        layered = picture.convert("RGBA")
        ground = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(ground, layered).convert("RGB")
    return picture.convert("RGB")
