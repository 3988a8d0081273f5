"""Pictures for tests, all from one real photograph."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

from PIL import Image

ASTRONAUT = Path(__file__).resolve().parent.parent / "loadtest/pictures/astronaut.jpg"


def astronaut(size: tuple[int, int] | None = None) -> Image.Image:
    picture = Image.open(ASTRONAUT).convert("RGB")
    return picture if size is None else picture.resize(size, Image.Resampling.BICUBIC)


def encode(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def decoded(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def png_with_header(width: int, height: int) -> bytes:
    """A tiny PNG that announces any size and has no pixels worth the name."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def png_16_bit(picture: Image.Image) -> bytes:
    """The luminance of `picture` as 16-bit grey; each sample is 257 times the 8-bit one."""
    import numpy as np

    samples = np.asarray(picture.convert("L")).astype(np.uint16) * 257
    return encode(Image.fromarray(samples), "PNG")


def many_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan is repeated until it has `count` scans."""
    progressive = encode(astronaut((64, 64)).convert("L"), "JPEG", progressive=True)
    last = progressive.rindex(b"\xff\xda")
    body, scan = progressive[:last], progressive[last:-2]
    repeats = count - body.count(b"\xff\xda")
    return body + scan * repeats + b"\xff\xd9"
