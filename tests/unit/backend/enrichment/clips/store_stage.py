"""A small store, its clock, and clips of one-colour frames."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.enrichment.clips.clip import Clip, Quota, StoreStatus
from backend.enrichment.clips.store import ClipStore

FRAME_BYTES = 2 * 4 * 3


class Clock:
    """Stands still until somebody sets it."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Stage:
    """A store, its clock, and what it says when it is empty."""

    store: ClipStore
    clock: Clock
    empty: StoreStatus

    def has(self, *clips: Clip) -> list[bool]:
        """Which of these are there, without using them."""
        return [self._has(clip) for clip in clips]

    def _has(self, clip: Clip) -> bool:
        kept = self.store._holdings.kept.get(clip.id)
        return kept is not None and kept.clip is clip


def store(*, budget: int, quota: Quota | None = None, ttl_s: float = 600) -> Stage:
    """A store for that many frames."""
    clock = Clock()
    kept = ClipStore(budget * FRAME_BYTES, quota or Quota(10**6, 99), ttl_s=ttl_s, clock=clock)
    return Stage(kept, clock, kept.status())


def frames(count: int, value: int = 0) -> NDArray[np.uint8]:
    return np.full((count, 2, 4, 3), value, np.uint8)


def keep(kept: ClipStore, *, owner: str = "camera", count: int = 1, value: int = 0) -> Clip:
    with kept.reserve(owner, count * FRAME_BYTES) as room:
        return kept.keep(room, frames(count, value), [float(n) for n in range(count)], "pictures")
