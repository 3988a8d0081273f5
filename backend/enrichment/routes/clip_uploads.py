"""A clip's file or pictures, from the connection to this machine's disk until they are decoded."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import psutil
from flask import Request

from backend.enrichment.clips.upload import ClipUpload
from backend.enrichment.routes.bodies import arriving
from backend.errors import ClipTooLarge, MalformedRequest, NoRoomForClip

VIDEO, PICTURE = "video", "image"
MOST_PICTURES = 100
_READ_BYTES = 2**18
_PREFIX = "framegate-clips-"
# Linux tells the start of a process to the second, a file's change more exactly.
_CLOCKS_DIFFER_S = 2


class ClipRequest(Request):
    """Files of a form go to the disk, each into the folder that `spool` names.

    Attributes:
        spool: None where a form is not expected to have files.
    """

    spool: Path | None = None
    max_form_parts = MOST_PICTURES + 1

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        # It ends with its folder.
        return tempfile.NamedTemporaryFile(dir=self.spool, delete=False)


class Spool:
    """Where uploads of this process lie; what dead ones have left behind is removed at once."""

    def __init__(self) -> None:
        for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            if not _has_an_owner(left):
                shutil.rmtree(left, ignore_errors=True)
        self._root = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))

    def receive(self, request: Request, *, max_bytes: int, timeout_s: float) -> ClipUpload:
        """Read a request's body to the disk.

        Args:
            max_bytes: of the whole body.
            timeout_s: longest wait for more of it.

        Raises:
            MalformedRequest: no length, cut off, nothing in it, or a form of other fields.
            ClipTooLarge: more than `max_bytes`; nothing was read.
            NoRoomForClip: the disk is full.
            SlowBody: nothing more came in time.
        """
        _check_length(request.content_length, max_bytes)
        request.max_content_length = max_bytes
        with ExitStack() as on_failure:
            upload_folder = Path(tempfile.mkdtemp(dir=self._root))
            on_failure.callback(shutil.rmtree, upload_folder, ignore_errors=True)
            with arriving(request, timeout_s=timeout_s), _disk():
                if request.mimetype == "multipart/form-data":
                    upload = _from_form(request, upload_folder)
                else:
                    upload = _from_body(request, upload_folder)
            on_failure.pop_all()
        return upload

    def close(self) -> None:
        shutil.rmtree(self._root, ignore_errors=True)


def _has_an_owner(folder: Path) -> bool:
    """Whether the process that made it lives. In a container started again, another has its id."""
    try:
        owner = psutil.Process(int(folder.name.removeprefix(_PREFIX).split("-")[0]))
        return owner.create_time() < folder.stat().st_mtime + _CLOCKS_DIFFER_S
    except (psutil.Error, OSError, ValueError):
        return False


def _check_length(length: int | None, max_bytes: int) -> None:
    if length is None:
        raise MalformedRequest("Say how long the clip is: send a Content-Length.")
    if length > max_bytes:
        raise ClipTooLarge(
            f"The body has {length:,} bytes and the limit is {max_bytes:,}: send a shorter clip."
        )


def _from_body(request: Request, folder: Path) -> ClipUpload:
    video = folder / "video"
    with video.open("wb") as file:
        while chunk := request.stream.read(_READ_BYTES):
            file.write(chunk)
        if not file.tell():
            raise MalformedRequest("The clip is empty: send the bytes of one video file.")
    return ClipUpload(folder, video=video)


def _from_form(request: Request, folder: Path) -> ClipUpload:
    assert isinstance(request, ClipRequest)
    request.spool = folder
    try:
        videos, pictures = (_files(request, field) for field in (VIDEO, PICTURE))
    finally:
        for _, file in request.files.items(multi=True):
            file.close()
    if len(videos) == 1 and not pictures:
        return ClipUpload(folder, video=videos[0])
    if pictures and not videos:
        return ClipUpload(folder, pictures=pictures)
    raise MalformedRequest(
        f"The form has {len(videos)} files named {VIDEO!r} and {len(pictures)} named {PICTURE!r}: "
        "send one video, or pictures, each with a filename."
    )


def _files(request: Request, field: str) -> tuple[Path, ...]:
    return tuple(Path(file.stream.name) for file in request.files.getlist(field))


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoomForClip("This machine's disk is full: try again.") from error
        raise
