"""The same clips every time, in the store that the enrichment process keeps them in."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.enrichment.clips.clip import Quota, StoreStatus
from backend.enrichment.clips.store import ClipLease, ClipStore
from scripts.video_memory.sizes import Sizes

_OWNER = "benchmark"
_BOXES = "boxes"
_FPS = 2.0
# An answer is kept with the words of its question.
_SPARE_BYTES = 1024


@dataclass(frozen=True)
class Held:
    """A clip in use.

    Attributes:
        frames: uint8 array of shape (frames, height, width, 3).
        boxes: of its detections, float32 array of shape (frames, detections, 4): left, top, right
            and bottom as parts of the frame, 0–1.
    """

    id: str
    frames: NDArray[np.uint8]
    boxes: NDArray[np.float32]


class Shelf:
    """Clips in a ClipStore, with what the detector found in them."""

    def __init__(self, sizes: Sizes) -> None:
        self._sizes = sizes
        clip_bytes = sizes.frames_bytes + sizes.boxes_bytes + _SPARE_BYTES
        budget_bytes = sizes.clips * clip_bytes
        self._store = ClipStore(budget_bytes, Quota(budget_bytes, sizes.clips), ttl_s=math.inf)

    def add(self, frames: NDArray[np.uint8]) -> str:
        """Keep a clip; returns its id."""
        with self._store.reserve(_OWNER, frames.nbytes) as room:
            times_s = [number / _FPS for number in range(len(frames))]
            return self._store.keep(room, frames, times_s, "pictures").id

    @contextmanager
    def frames_of(self, clip_id: str) -> Iterator[NDArray[np.uint8]]:
        with self._leased(clip_id) as lease:
            yield lease.clip.frames

    def remember(self, clip_id: str, boxes: NDArray[np.float32]) -> None:
        """Keep a clip's detections with it."""
        with self._leased(clip_id) as lease:
            if not lease.remember(_BOXES, boxes.tobytes()):
                raise ValueError("the store did not keep the detections")

    @contextmanager
    def lease(self, clip_id: str) -> Iterator[Held]:
        """A clip with the detections that were remembered."""
        with self._leased(clip_id) as lease:
            boxes = np.frombuffer(lease.result(_BOXES) or b"", np.float32)
            shape = (self._sizes.frames, self._sizes.detections, 4)
            yield Held(clip_id, lease.clip.frames, boxes.reshape(shape))

    def status(self) -> StoreStatus:
        return self._store.status()

    @contextmanager
    def _leased(self, clip_id: str) -> Iterator[ClipLease]:
        with self._store.lease(_OWNER, clip_id) as lease:
            yield lease


def drawn(number: int, sizes: Sizes) -> NDArray[np.uint8]:
    """Clip `number`: noise that changes from clip to clip, and a square that moves.

    Returns:
        uint8 array of shape (frames, height, width, 3).
    """
    made = np.random.default_rng(number)
    shape = (sizes.frames, sizes.height, sizes.width, 3)
    frames = made.integers(0, 256, shape, dtype=np.uint8)
    side = max(1, min(sizes.height, sizes.width) // 4)
    colour = made.integers(0, 256, 3, dtype=np.uint8)
    for place in range(sizes.frames):
        left = (sizes.width - side) * place // max(1, sizes.frames - 1)
        frames[place, :side, left : left + side] = colour
    return frames
