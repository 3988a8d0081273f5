"""Bytes → upright RGB pixels → what a model takes: limits, orientation, crop, resize."""

import contextlib
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

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
# The limit on pixels below is ours and depends on the caller's settings; Pillow's own is global.
Image.MAX_IMAGE_PIXELS = None


def decode(data: bytes, *, max_pixels: int, media_type: str | None = None) -> Image.Image:
    """Decode a JPEG, PNG or WebP into an upright RGB picture.

    EXIF orientation is applied. Grey, palette, CMYK and 16-bit pictures are converted; transparent
    parts are laid over white. Of a multi-picture JPEG (MPO) the first picture counts.

    Args:
        data: A whole file.
        max_pixels: Width × height, read from the header before any pixel is decoded.
        media_type: What the caller says it is; None to go by the content alone.

    Raises:
        UnsupportedPicture: another format, or not the one that `media_type` names.
        PictureTooLarge: the header announces more than `max_pixels`.
        PictureTooSmall: the shorter side is under MINIMUM_SIDE.
        AnimatedPicture: an animated WebP or PNG.
        UndecodablePicture: broken or cut off.

    Source: EXIF 2.32 §4.6.4 (orientation).
    """
    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise UnsupportedPicture("This is not a JPEG, PNG or WebP picture.") from None
    except Exception as error:
        raise UndecodablePicture(f"The picture's header is broken: {_brief(error)}.") from error
    with picture:
        _check_header(picture, max_pixels, media_type)
        if picture.format != "PNG" and data.count(_START_OF_SCAN) > MOST_SCANS:
            raise UndecodablePicture(
                f"The JPEG has more than {MOST_SCANS} scans: save it with an ordinary encoder."
            )
        try:
            picture.load()
            return _to_rgb(_upright(picture))
        except (MemoryError, SystemError, RecursionError):
            raise
        except Exception as error:
            # Decoders raise whatever they like on hostile bytes: OSError, ValueError, struct.error…
            raise UndecodablePicture(
                f"The picture is broken or cut off: {_brief(error)}."
            ) from error


def _brief(error: Exception) -> str:
    return str(error)[:120] or type(error).__name__


def _check_header(picture: Image.Image, max_pixels: int, media_type: str | None) -> None:
    # Phones append a preview to a JPEG; Pillow then calls it MPO.
    actual = "JPEG" if picture.format == "MPO" else picture.format
    if media_type is not None and MEDIA_TYPES.get(media_type) != actual:
        raise UnsupportedPicture(
            f"The request says {media_type[:40]} and the content is {actual}: make them agree."
        )
    if picture.width * picture.height > max_pixels:
        raise PictureTooLarge(
            f"The picture has {picture.width}×{picture.height} pixels and the limit is "
            f"{max_pixels}: scale it down first."
        )
    if min(picture.size) < MINIMUM_SIDE:
        raise PictureTooSmall(
            f"The picture has {picture.width}×{picture.height} pixels; each side needs at least "
            f"{MINIMUM_SIDE}."
        )
    if picture.format != "MPO" and getattr(picture, "is_animated", False):
        raise AnimatedPicture("The picture is animated: send one frame of it.")


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


def fit_square(picture: Image.Image, side: int) -> NDArray[np.uint8]:
    """Resize the shorter side to `side` and crop the centre; the aspect ratio is kept.

    Returns:
        uint8 array of shape (side, side, 3), values 0–255, sRGB as stored.
    """
    if picture.size != (side, side):
        short = min(picture.size)
        left, top = (picture.width - short) / 2, (picture.height - short) / 2
        # Cropping within the resize leaves the margins out of the work.
        picture = picture.resize(
            (side, side),
            Image.Resampling.BILINEAR,
            box=(left, top, left + short, top + short),
        )
    return np.asarray(picture)
