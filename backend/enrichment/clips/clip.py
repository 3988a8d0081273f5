"""What a clip is, and how much of them may be kept."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.enrichment.clips.protocol import Source


@dataclass(frozen=True, eq=False)
class Clip:
    """Frames in this machine's memory.

    Attributes:
        frames: uint8 array of shape (frames, height, width, 3), values 0–255, RGB, read-only.
        times_s: of each frame, ascending, from the first frame of the file on.
    """

    id: str
    frames: NDArray[np.uint8]
    times_s: tuple[float, ...]
    source: Source

    @property
    def width(self) -> int:
        return int(self.frames.shape[2])

    @property
    def height(self) -> int:
        return int(self.frames.shape[1])

    @property
    def size_bytes(self) -> int:
        return self.frames.nbytes


@dataclass(frozen=True)
class Quota:
    """What one owner may keep, with what is on its way in."""

    most_bytes: int
    most_clips: int


@dataclass(frozen=True)
class OwnClips:
    """Attributes:
    clips: each with how long nobody has used it, in seconds; the one used last first.
    used_bytes: of the quota, with results and what is on its way in.
    """

    clips: tuple[tuple[Clip, float], ...]
    used_bytes: int
    quota: Quota


@dataclass(frozen=True)
class StoreStatus:
    """Attributes:
    used_bytes: frames and results of all clips, and of those deleted while in use.
    reserved_bytes: room for clips that are being decoded.
    """

    clips: int
    in_use: int
    used_bytes: int
    reserved_bytes: int
    budget_bytes: int
    evicted_count: int
    expired_count: int
