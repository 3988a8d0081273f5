"""Memory that a Triton on this host reads the pixels from, instead of having them sent.

A lane has one region, and sends its next batch only after it has read the answer to the last one.
So pixels are never overwritten while Triton may still read them. Where an exchange ends without an
answer, nobody knows how far Triton is: the region is not written again until Triton, which refuses
to let go of a region in use, has let go of it.

Source: Open Inference Protocol v2, system shared memory extension.
"""

import contextlib
import json
import logging
import math
import mmap
import os
import secrets
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.triton.connection import Connection
from backend.triton.wire import UNREADABLE

log = logging.getLogger("framegate")

# POSIX shared memory; names there are unguessable, and gone once the server has mapped them.
FOLDER = Path("/dev/shm")  # noqa: S108
TOKEN_HEADER = "triton-shared-memory"  # noqa: S105 - the header's name
RECOVERY_S = 5.0
_ROUTE = "/v2/systemsharedmemory"
_UNKNOWN_REGION = "Unable to find shared memory region"


class RegionLost(Exception):
    """The server does not know the region any more: it has read nothing."""


def check_known(region: str | None, text: str) -> None:
    """Raise RegionLost where that is why a request was refused, in Triton's own words."""
    if region is not None and _UNKNOWN_REGION in text:
        raise RegionLost(region)


class SharedPixels:
    """The shared memory of one lane.

    Args:
        token: what the server asks for; None to have pixels sent instead.
    """

    def __init__(self, token: str | None) -> None:
        self._headers = f"{TOKEN_HEADER}: {token}\r\n" if token else None
        self._region: _Region | None = None
        self._usable = False
        self._joined_s = 0.0

    def join(self, connection: Connection, size_bytes: int, *, deadline_s: float) -> None:
        """Agree with the server at the other end on a region; without one, pixels are sent.

        Raises:
            OSError, NotHttp: see Connection.
        """
        self._usable, self._joined_s = False, time.monotonic()
        if self._headers is None or not self._let_go(connection, deadline_s):
            return
        try:
            region = _Region(size_bytes)
        except (OSError, OverflowError) as error:
            log.warning("No shared memory for pixels, they are sent instead: %s.", error)
            return
        try:
            document = {"key": f"/{region.name}", "offset": 0, "byte_size": size_bytes}
            status, text = self._ask(
                connection, f"region/{region.name}/register", document, deadline_s
            )
        finally:
            region.remove_name()
        if status == 200:
            self._region, self._usable = region, True
        else:
            log.info("Triton does not share memory with this host, pixels are sent: %s", text)

    def lay(self, frames: list[NDArray[Any]]) -> str | None:
        """Lay frames of one shape and type one after the other.

        Returns:
            The region's name for the request; None where the frames must be sent.
        """
        if self._region is None or not self._usable or not self._region.write(frames):
            return None
        return self._region.name

    def may_recover(self) -> bool:
        """True where it is time to ask again whether the server has let go of a region in use."""
        waiting = self._region is not None and not self._usable
        return waiting and time.monotonic() - self._joined_s > RECOVERY_S

    def _let_go(self, connection: Connection, deadline_s: float) -> bool:
        """Give up the region of an earlier connection; False while the server still reads it."""
        if self._region is not None:
            path = f"region/{self._region.name}/unregister"
            _, text = self._ask(connection, path, None, deadline_s)
            if "in use" in text:
                return False
        self._region = None
        return True

    def _ask(
        self, connection: Connection, path: str, document: object, deadline_s: float
    ) -> tuple[int, str]:
        answer = connection.post(
            f"{_ROUTE}/{path}",
            json.dumps(document).encode() if document is not None else b"",
            headers=self._headers or "",
            deadline_s=deadline_s,
        )
        return answer.status, answer.body.decode(errors="replace")

    def sweep(self, connection: Connection, *, deadline_s: float) -> None:
        """Have the server let go of what processes of this host left that were killed."""
        if self._headers is None:
            return
        path = f"{_ROUTE}/status"
        answer = connection.get(path, headers=self._headers, deadline_s=deadline_s)
        with contextlib.suppress(*UNREADABLE):
            for region in json.loads(answer.body):
                if _is_left_over(region["name"]):
                    self._ask(connection, f"region/{region['name']}/unregister", None, deadline_s)


class _Region:
    def __init__(self, size_bytes: int) -> None:
        """Raises OSError or OverflowError where there is no room."""
        self.name = f"{_prefix()}{os.getpid()}-{secrets.token_hex(8)}"
        self._path = FOLDER / self.name
        descriptor = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            # Claimed now: memory that turns out to be missing later is a SIGBUS, not an error.
            os.posix_fallocate(descriptor, 0, size_bytes)
            self._memory = mmap.mmap(descriptor, size_bytes)
        except BaseException:
            self.remove_name()
            raise
        finally:
            os.close(descriptor)

    def remove_name(self) -> None:
        """Whoever has mapped it keeps it; nothing is left, however this process ends."""
        self._path.unlink(missing_ok=True)

    def write(self, frames: list[NDArray[Any]]) -> bool:
        """Copy frames in from the start; False where they do not fit."""
        shape = (len(frames), *frames[0].shape)
        if math.prod(shape) * frames[0].itemsize > len(self._memory):
            return False
        rows = np.frombuffer(self._memory, frames[0].dtype, math.prod(shape)).reshape(shape)
        for row, frame in zip(rows, frames, strict=True):
            row[...] = frame
        return True


def _prefix() -> str:
    # A process id means something in one namespace only; containers may share this memory.
    return f"framegate-pixels-{Path('/proc/self/ns/pid').stat().st_ino}-"


def _is_left_over(name: str) -> bool:
    if not name.startswith(_prefix()):
        return False
    pid = name.removeprefix(_prefix()).split("-")[0]
    return not Path("/proc", pid).exists()
