"""A clip on its way in: what is checked before it is read, and its bytes piece by piece."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from flask import Request
from gevent import Timeout
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected

from backend.errors import (
    ClipTooLarge,
    DeadlineExceeded,
    FramegateError,
    MalformedRequest,
    SlowBody,
    UnsupportedClip,
)
from backend.web.uploads import check_encoding

MEDIA_TYPES = ("video/mp4", "video/webm", "video/x-motion-jpeg", "application/octet-stream")
FORM = "multipart/form-data"
# So much is in the gateway's memory at a time, but for what gunicorn reads ahead: at most 1 MiB.
PIECE_BYTES = 64 * 2**10


@dataclass(frozen=True)
class ClipLimits:
    """
    Attributes:
        max_bytes: of the whole body.
        stall_s: longest wait for one piece of it.
        timeout_s: longest wait for all of it.
    """

    max_bytes: int
    stall_s: float
    timeout_s: float


@dataclass(frozen=True)
class ClipUpload:
    """A body that has not been read.

    Attributes:
        content_type: as the caller wrote it, fit for a header.
        pieces: of `size_bytes` in all, or raise what `open_upload` says.
        until_s: by when they are all there, on the clock of time.monotonic().
    """

    content_type: str
    size_bytes: int
    pieces: Iterator[bytes]
    until_s: float


def open_upload(request: Request, limits: ClipLimits, *, deadline_s: float) -> ClipUpload:
    """Check a request's head; its body is read by whoever takes the pieces.

    Args:
        deadline_s: when the caller stops waiting, on the clock of time.monotonic().

    Raises:
        MalformedRequest: no length, nothing in it, or, with the pieces, the caller left.
        ClipTooLarge: the length is over the limit.
        UnsupportedEncoding, UnsupportedClip: of the body's headers.
        SlowBody, DeadlineExceeded: with the pieces, where they do not come in time.
    """
    check_encoding(request)
    content_type = _content_type(request)
    size_bytes = request.content_length
    if size_bytes is None:
        raise MalformedRequest("The request needs a Content-Length: how many bytes the clip has.")
    if size_bytes == 0:
        raise MalformedRequest("The clip is empty: send the bytes of a file.")
    if size_bytes > limits.max_bytes:
        raise ClipTooLarge(
            f"The clip has {size_bytes:,} bytes and may have {limits.max_bytes:,}: send a shorter "
            "or smaller one."
        )
    # The application's own limit is that of pictures, which are read as a whole.
    request.max_content_length = limits.max_bytes
    until_s = time.monotonic() + limits.timeout_s
    by = (
        (until_s, SlowBody(f"The clip did not arrive within {limits.timeout_s:g} s.")),
        (deadline_s, DeadlineExceeded("The clip did not arrive before the request's deadline.")),
    )
    pieces = _pieces(request.stream, size_bytes, limits.stall_s, by)
    return ClipUpload(content_type, size_bytes, pieces, until_s)


def _content_type(request: Request) -> str:
    kind = request.mimetype
    if kind not in (*MEDIA_TYPES, FORM):
        raise UnsupportedClip(
            f"Content-Type {kind[:40] or '(none)'} is not accepted: send "
            f"{', '.join(MEDIA_TYPES)} or {FORM}."
        )
    declared = request.headers["Content-Type"]
    if not re.fullmatch(r"[ -~]{1,256}", declared):
        raise MalformedRequest("The Content-Type is too long, or not of printable ASCII.")
    return declared


def _pieces(
    stream: IO[bytes],
    size_bytes: int,
    stall_s: float,
    by: tuple[tuple[float, FramegateError], ...],
) -> Iterator[bytes]:
    left_bytes = size_bytes
    while left_bytes:
        piece = _read(stream, min(left_bytes, PIECE_BYTES), stall_s, by)
        left_bytes -= len(piece)
        yield piece


def _read(
    stream: IO[bytes],
    most_bytes: int,
    stall_s: float,
    by: tuple[tuple[float, FramegateError], ...],
) -> bytes:
    now_s = time.monotonic()
    stalled = SlowBody(f"Not even {most_bytes:,} bytes of the clip came within {stall_s:g} s.")
    last_s, late = min((now_s + stall_s, stalled), *by, key=lambda limit: limit[0])
    if last_s <= now_s:
        raise late
    try:
        with Timeout(last_s - now_s, late):
            piece = stream.read(most_bytes)
    except (OSError, ParseException, ClientDisconnected) as error:
        raise MalformedRequest("The connection broke before the clip had arrived.") from error
    if not piece:
        raise MalformedRequest("The clip ended before its Content-Length.")
    return piece
