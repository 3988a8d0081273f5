"""The body of an upload, read from its files while it is sent."""

import contextlib
import io
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from scripts.clips.options import PICTURES

# Bytes so far, and in all.
OnBytes = Callable[[int, int], None]
_PIECE_BYTES = 2**16


class Body:
    """Pieces one after the other; of known length, so that none of them has to be in memory."""

    def __init__(self, pieces: Sequence[BinaryIO], size_bytes: int, on_bytes: OnBytes) -> None:
        self._pieces = list(pieces)
        self._size_bytes = size_bytes
        self._on_bytes = on_bytes
        self._sent_bytes = 0

    def __len__(self) -> int:
        return self._size_bytes

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.read, b"")

    def read(self, size: int = _PIECE_BYTES) -> bytes:
        while self._pieces:
            if data := self._pieces[0].read(size):
                self._sent_bytes += len(data)
                self._on_bytes(self._sent_bytes, self._size_bytes)
                return data
            self._pieces.pop(0)
        return b""


@contextlib.contextmanager
def video(file: Path, on_bytes: OnBytes) -> Iterator[tuple[Body, str]]:
    """The body and its media type; which kind of video it is is read from its first bytes."""
    with file.open("rb") as opened:
        yield Body([opened], file.stat().st_size, on_bytes), "application/octet-stream"


@contextlib.contextmanager
def burst(files: Sequence[Path], on_bytes: OnBytes) -> Iterator[tuple[Body, str]]:
    """Source: RFC 7578 (multipart/form-data)."""
    boundary = secrets.token_hex(16)
    end = f"--{boundary}--\r\n".encode()
    with contextlib.ExitStack() as opened:
        pieces: list[BinaryIO] = []
        size_bytes = len(end)
        for number, file in enumerate(files):
            head = _head(boundary, number, file)
            pieces += [io.BytesIO(head), opened.enter_context(file.open("rb")), io.BytesIO(b"\r\n")]
            size_bytes += len(head) + file.stat().st_size + 2
        body = Body([*pieces, io.BytesIO(end)], size_bytes, on_bytes)
        yield body, f"multipart/form-data; boundary={boundary}"


def _head(boundary: str, number: int, file: Path) -> bytes:
    """The file's own name is nobody's business, and might need quoting."""
    suffix = file.suffix.lower()
    return (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="image"; filename="{number:04}{suffix}"\r\n'
        f"Content-Type: {PICTURES[suffix]}\r\n\r\n"
    ).encode()
