"""One picture out of a request: raw bytes, a form field, or base64 in JSON."""

import base64
import binascii
import io
import json
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, NoReturn

from flask import Request
from gevent import Timeout
from gunicorn.http.errors import ParseException

from backend.errors import (
    DeadlineExceeded,
    FramegateError,
    MalformedRequest,
    NoRoomForBody,
    SlowBody,
    UnsupportedEncoding,
    UnsupportedPicture,
)
from backend.images import MEDIA_TYPES

ACCEPTED = "image/jpeg, image/png, image/webp, multipart/form-data or application/json"
FIELD = "image"


class PictureRequest(Request):
    """Form files stay in memory: a caller's picture is never written to disk."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return io.BytesIO()


@dataclass(frozen=True)
class Upload:
    """A caller's file.

    Attributes:
        media_type: what the caller says it is; None where nothing was said.
    """

    data: bytes
    media_type: str | None


class BodyBudget:
    """Bytes of request bodies that one process may hold at once, read or still on their way."""

    def __init__(self, total_bytes: int) -> None:
        self._left_bytes = total_bytes
        self._lock = threading.Lock()

    @contextmanager
    def room_for(self, request: Request) -> Iterator[None]:
        """Hold room for a request's body; without a length, for the largest one allowed.

        Raises:
            NoRoomForBody: there is no room now; nothing was read.
        """
        limit = request.max_content_length or 0
        size = limit if request.content_length is None else request.content_length
        if size > limit:
            size = 0  # refused unread
        with self._lock:
            if size > self._left_bytes:
                raise NoRoomForBody(
                    "The gateway holds as many request bodies as it may: try again."
                )
            self._left_bytes -= size
        try:
            yield
        finally:
            with self._lock:
                self._left_bytes += size


def read_upload(request: Request, *, timeout_s: float, deadline_s: float = math.inf) -> Upload:
    """Read the one picture of a request whose size the application has limited.

    Args:
        timeout_s: longest wait for the whole body.
        deadline_s: when the caller stops waiting, on the clock of time.monotonic().

    Raises:
        MalformedRequest: empty, several pictures, wrong JSON or base64.
        UnsupportedEncoding: the body is compressed; nothing was read.
        UnsupportedPicture: a Content-Type that is not accepted.
        SlowBody, DeadlineExceeded: the body did not arrive within the one or the other.
    """
    check_encoding(request)
    left_s = deadline_s - time.monotonic()
    late: FramegateError = SlowBody(f"The body did not arrive within {timeout_s:g} s.")
    if left_s < timeout_s:
        late = DeadlineExceeded("The body did not arrive before the request's own deadline.")
    try:
        with Timeout(max(0.0, min(timeout_s, left_s)), late):
            upload = _read(request)
    except (OSError, ParseException) as error:  # chunks that are none, or a caller that left
        raise MalformedRequest("The body is not well-formed HTTP.") from error
    if not upload.data:
        raise MalformedRequest("The picture is empty: send the bytes of one file.")
    return upload


def check_encoding(request: Request) -> None:
    """Raise UnsupportedEncoding where a body is compressed."""
    encoding = (request.headers.get("Content-Encoding") or "identity").strip().lower()
    if encoding != "identity":
        raise UnsupportedEncoding(
            f"Content-Encoding {encoding[:40]} is not accepted: send the file as it is."
        )


def _read(request: Request) -> Upload:
    kind = request.mimetype
    if kind in MEDIA_TYPES:
        return Upload(_body(request), kind)
    if kind == "multipart/form-data":
        return _from_form(request)
    if kind == "application/json":
        return _from_json(_body(request))
    raise UnsupportedPicture(f"Content-Type {kind or '(none)'} is not accepted: send {ACCEPTED}.")


def _body(request: Request) -> bytes:
    data = request.get_data(cache=False)
    # A chunked body is cut at the limit without a word; asking for more tells (413).
    request.stream.read(1)
    return data


def _from_form(request: Request) -> Upload:
    files = request.files.getlist(FIELD)
    if len(files) != 1:
        raise MalformedRequest(
            f"The form has {len(files)} files named {FIELD!r}: send exactly one, with a filename."
        )
    declared = files[0].mimetype
    return Upload(files[0].read(), declared if declared.startswith("image/") else None)


def _from_json(body: bytes) -> Upload:
    try:
        document = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedRequest(f"The body is not JSON: {str(error)[:120]}.") from error
    text = document.get(FIELD) if isinstance(document, dict) else None
    if not isinstance(text, str):
        raise MalformedRequest(
            f'The JSON needs one text member {FIELD!r}: {{"{FIELD}": "data:image/jpeg;base64,…"}}.'
        )
    return _from_base64(text)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _from_base64(text: str) -> Upload:
    media_type = None
    if text.startswith("data:"):
        prefix, comma, text = text.partition(",")
        media_type, *parameters = prefix.removeprefix("data:").lower().split(";")
        if not comma or "base64" not in parameters:
            raise MalformedRequest("The data URL is not data:image/…;base64,….")
    try:
        # Encoders wrap lines; everything else that is not base64 is a mistake worth naming.
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedRequest(f"The picture is not base64: {error}.") from error
    return Upload(data, media_type or None)
