"""A clip on its way in: what is refused unread, and what becomes of one that does not come."""

import io
import math
import time
from collections.abc import Callable
from typing import Any

import gevent
import pytest
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from backend.errors import (
    ClipTooLarge,
    DeadlineExceeded,
    FramegateError,
    MalformedRequest,
    SlowBody,
    UnsupportedClip,
    UnsupportedEncoding,
)
from backend.gateway.clip_upload import PIECE_BYTES, ClipLimits, ClipUpload, open_upload
from backend.web.uploads import PictureRequest

LIMITS = ClipLimits(max_bytes=2**20, stall_s=5, timeout_s=20)


class Input:
    """What a server reads a body from: what `come` returns each time, noting the sizes wanted."""

    def __init__(self, come: Callable[[int], bytes]) -> None:
        self._come = come
        self.wanted: list[int] = []

    def read(self, size: int = -1) -> bytes:
        self.wanted.append(size)
        return self._come(size)


def opened(
    come: Callable[[int], bytes],
    *,
    length: int | None,
    kind: str | None = "video/mp4",
    limits: ClipLimits = LIMITS,
    deadline_s: float = math.inf,
    **headers: str,
) -> tuple[ClipUpload, Input]:
    environ = EnvironBuilder("/v1/clips", method="POST", headers=Headers(headers)).get_environ()
    source = Input(come)
    # As gunicorn has it: its input ends where the body ends, also too early.
    environ |= {"wsgi.input": source, "wsgi.input_terminated": True}
    if length is not None:
        environ["CONTENT_LENGTH"] = str(length)
    if kind is not None:
        environ["CONTENT_TYPE"] = kind
    request = PictureRequest(environ)
    request.max_content_length = 1000  # of pictures
    return open_upload(request, limits, deadline_s=deadline_s), source


def never(size: int) -> bytes:
    gevent.sleep(60)
    raise AssertionError("nobody waited so long")


def test_a_body_comes_in_pieces_and_each_is_read_when_it_is_wanted() -> None:
    data = bytes(range(256)) * 600
    clip, source = opened(io.BytesIO(data).read, length=len(data))
    assert (clip.size_bytes, clip.content_type, source.wanted) == (len(data), "video/mp4", [])
    first = next(clip.pieces)
    assert source.wanted == [PIECE_BYTES]
    assert first + b"".join(clip.pieces) == data
    assert max(source.wanted) == PIECE_BYTES


def test_what_is_after_the_body_is_not_read() -> None:
    clip, source = opened(io.BytesIO(b"a clip and more").read, length=6)
    assert list(clip.pieces) == [b"a clip"]
    assert source.wanted == [6]


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"length": None}, MalformedRequest),
        ({"length": 0}, MalformedRequest),
        ({"length": 2**20 + 1}, ClipTooLarge),
        ({"length": 9, "Content-Encoding": "gzip"}, UnsupportedEncoding),
        ({"length": 9, "kind": None}, UnsupportedClip),
        ({"length": 9, "kind": "image/jpeg"}, UnsupportedClip),
        ({"length": 9, "kind": "application/x-www-form-urlencoded"}, UnsupportedClip),
        ({"length": 9, "kind": "video/mp4; a=\x80"}, MalformedRequest),
        ({"length": 9, "kind": f"multipart/form-data; boundary={'x' * 300}"}, MalformedRequest),
    ],
)
def test_what_the_head_says_is_refused_unread(
    wrong: dict[str, Any], kind: type[FramegateError]
) -> None:
    def unread(size: int) -> bytes:
        raise AssertionError("the body was read")

    with pytest.raises(kind):
        opened(unread, **wrong)


def test_the_largest_clip_allowed_is_read_though_pictures_may_not_be_so_large() -> None:
    clip, _ = opened(io.BytesIO(bytes(2**20)).read, length=2**20)
    assert sum(map(len, clip.pieces)) == 2**20


@pytest.mark.parametrize(
    ("limits", "deadline_in_s", "kind", "words"),
    [
        (ClipLimits(100, stall_s=0.1, timeout_s=20), math.inf, SlowBody, "within 0.1 s"),
        (ClipLimits(100, stall_s=5, timeout_s=0.1), math.inf, SlowBody, "arrive within 0.1 s"),
        (LIMITS, 0.1, DeadlineExceeded, "before the request's deadline"),
    ],
)
def test_a_caller_that_stalls_is_waited_for_no_longer_than_allowed(
    limits: ClipLimits, deadline_in_s: float, kind: type[FramegateError], words: str
) -> None:
    begun_s = time.monotonic()
    clip, _ = opened(never, length=9, limits=limits, deadline_s=begun_s + deadline_in_s)
    with pytest.raises(kind, match=words):
        next(clip.pieces)
    assert time.monotonic() - begun_s >= 0.1


def test_a_caller_that_sends_all_the_time_is_not_waited_for_past_the_limit_of_the_whole() -> None:
    def a_little(size: int) -> bytes:
        gevent.sleep(0.01)
        return b"x"

    limits = ClipLimits(max_bytes=2**20, stall_s=5, timeout_s=0.2)
    clip, _ = opened(a_little, length=2**20, limits=limits)
    taken: list[bytes] = []
    with pytest.raises(SlowBody, match=r"within 0\.2 s"):
        taken.extend(clip.pieces)
    assert len(taken) > 1  # each piece came in time


def test_time_that_passes_between_pieces_counts() -> None:
    limits = ClipLimits(max_bytes=2**20, stall_s=5, timeout_s=0.05)
    clip, source = opened(lambda size: b"x", length=9, limits=limits)
    next(clip.pieces)
    gevent.sleep(0.06)
    with pytest.raises(SlowBody):
        next(clip.pieces)
    assert len(source.wanted) == 1


def gone(size: int) -> bytes:
    raise ConnectionResetError("the caller left")


@pytest.mark.parametrize("come", [lambda size: b"", gone])
def test_a_caller_that_leaves_has_not_sent_a_clip(come: Callable[[int], bytes]) -> None:
    clip, _ = opened(come, length=9)
    with pytest.raises(MalformedRequest):
        next(clip.pieces)
