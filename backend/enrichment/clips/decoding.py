"""Gets the frames of a video from the process that decodes it, and ends that process."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from backend.enrichment.clips.protocol import (
    Announcement,
    DecodingLimits,
    FrameHeader,
    Source,
    Task,
    megabytes,
    refusal_in,
)
from backend.enrichment.clips.sampling import Sampling
from backend.errors import ClipTooLarge, SlowClip, UndecodableClip, UnsupportedClip

Progress = Callable[[int, int], None]
"""Told how many frames of how many are there; what it raises ends the decoding."""
OnCancel = Callable[[Callable[[], None]], None]
"""Is given what ends the work early, and may call it from any thread until the work is over."""

PROGRAM = (sys.executable, "-m", "backend.enrichment.clips.decoder_process")
# What reading an answer raises that is none.
_NONSENSE = (KeyError, TypeError, ValueError, OverflowError, RecursionError)
_CRASHED = "The decoder failed on this file: it is broken, or of an unusual kind."


def source_of(head: bytes) -> Source:
    """What a file is, by its first bytes.

    Raises:
        UnsupportedClip: none of the formats that are decoded.

    Source: ISO/IEC 14496-12 §4.3 (ftyp); RFC 8794 §11.2.1 (EBML); ITU-T T.81 (SOI).
    """
    if head[4:8] == b"ftyp":
        return "mp4"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm"
    if head.startswith(b"\xff\xd8\xff"):
        return "mjpeg"
    raise UnsupportedClip("This is not an MP4, WebM or MJPEG file.")


class Decoding:
    """A video that is being decoded.

    Attributes:
        announced: how many frames of what size there will be at most.
    """

    def __init__(
        self,
        source: Source,
        process: subprocess.Popen[bytes],
        limits: DecodingLimits,
        late: threading.Event,
    ) -> None:
        self.source: Source = source
        self._process = process
        self._stdout = cast(BufferedReader, process.stdout)
        self._limits = limits
        self._late = late
        message = self._read_message()
        try:
            self.announced = Announcement.from_message(message, limits)
        except _NONSENSE:
            raise UndecodableClip(_CRASHED) from None

    def read(
        self, progress: Progress = lambda done, of: None
    ) -> tuple[NDArray[np.uint8], list[float]]:
        """The frames and their times; once.

        Returns:
            uint8 array of shape (frames, height, width, 3), values 0–255, RGB, upright.

        Raises:
            UndecodableClip, ClipTooLarge, SlowClip: see `begin`.
        """
        most = len(self.announced.times_s)
        pixels = np.empty((self.announced.height, self.announced.width, 3), np.uint8)
        frames: NDArray[np.uint8] | None = None
        times_s: list[float] = []
        while (header := self._read_header()) is not None:
            upright = np.rot90(pixels, header.quarter_turns)
            if frames is None:
                frames = np.empty((most, *upright.shape), np.uint8)
            if len(times_s) == most or upright.shape != frames.shape[1:]:
                raise UndecodableClip(_CRASHED)
            if self._stdout.readinto(pixels.data.cast("B")) != pixels.nbytes:
                raise self._why_it_ended()
            frames[len(times_s)] = upright
            times_s.append(header.time_s)
            progress(len(times_s), most)
        if frames is None:
            raise UndecodableClip("The video has no whole frame.")
        # A part of an array would keep all of it in memory.
        return frames if len(times_s) == most else frames[: len(times_s)].copy(), times_s

    def _read_header(self) -> FrameHeader | None:
        """None at the end."""
        message = self._read_message()
        if message.get("done") is True:
            return None
        try:
            return FrameHeader.from_message(message)
        except _NONSENSE:
            raise UndecodableClip(_CRASHED) from None

    def _read_message(self) -> dict[str, Any]:
        line = self._stdout.readline(self._limits.most_line_bytes)
        if len(line) < self._limits.most_line_bytes and not line.endswith(b"\n"):
            raise self._why_it_ended()
        try:
            message = dict(json.loads(line))
            refusal = refusal_in(message)
        except _NONSENSE:
            raise UndecodableClip(_CRASHED) from None
        if refusal is not None:
            raise refusal
        return message

    def _why_it_ended(self) -> Exception:
        """Call where there is nothing more to read."""
        status = self._process.wait()  # until its time is up
        if self._late.is_set():
            return SlowClip(f"The video took longer than {self._limits.wall_s:g} s to decode.")
        if status == -signal.SIGXCPU:
            return SlowClip(
                f"The video took more than {self._limits.cpu_s} s of processor time to decode."
            )
        if status > 0:
            return RuntimeError("the decoder's process could not do its work: see standard error")
        return UndecodableClip(_CRASHED)


@contextmanager
def begin(
    path: Path,
    sampling: Sampling,
    limits: DecodingLimits,
    *,
    on_cancel: OnCancel = lambda stop: None,
    program: Sequence[str] = PROGRAM,
) -> Iterator[Decoding]:
    """Decode a file in a process of its own, which ends with the block.

    Until the frames are read that process gets no further than the first of them.

    Raises:
        UnsupportedClip: not MP4, WebM or MJPEG, or of another codec.
        UndecodableClip: broken or cut off; also where it was ended early.
        ClipTooLarge: more than the limits, or it needs more memory to decode than they allow.
        SlowClip: it takes longer than the limits allow.
    """
    with path.open("rb") as file:
        source = source_of(file.read(16))
        size_bytes = os.fstat(file.fileno()).st_size
        if size_bytes > limits.most_file_bytes:
            raise ClipTooLarge(
                f"The file has {megabytes(size_bytes)} and the limit is "
                f"{megabytes(limits.most_file_bytes)}."
            )
        # What was read above was read ahead: the process begins at the file's own position.
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        process = subprocess.Popen(
            [*program, Task(source, sampling, limits).to_json()],
            stdin=file,
            stdout=subprocess.PIPE,
            # Where modules are, and nothing else of what this process knows.
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    late = threading.Event()

    def kill() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(limits.wall_s, kill)
    timer.daemon = True
    with process:
        try:
            timer.start()
            on_cancel(process.kill)
            yield Decoding(source, process, limits, late)
        finally:
            timer.cancel()
            process.kill()
