"""Keeps clips under a budget of memory, of this process alone."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from backend.enrichment.clips.clip import Clip, OwnClips, Quota, StoreStatus
from backend.enrichment.clips.holdings import Holdings, Kept, Reservation, result_bytes
from backend.enrichment.clips.protocol import Source, megabytes
from backend.errors import ClipNotFound, ClipQuotaExceeded, ClipTooLarge, NoRoomForClip


class ClipStore:
    """Clips by owner and id; any thread may ask.

    What is in use is never evicted. A clip that is deleted while in use is gone for everybody
    else, and counts until its last user has finished.

    Args:
        ttl_s: how long a clip is kept after its last use.
    """

    def __init__(
        self,
        budget_bytes: int,
        quota: Quota,
        *,
        ttl_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ttl_s = ttl_s
        self._quota = quota
        self._clock = clock
        self._lock = threading.Lock()
        self._holdings = Holdings(budget_bytes)
        self._evicted_count = 0
        self._expired_count = 0

    @contextmanager
    def reserve(self, owner: str, size_bytes: int) -> Iterator[Reservation]:
        """Room for a clip, to be kept within the block; others are evicted for it.

        Raises:
            ClipTooLarge: it would never fit.
            ClipQuotaExceeded: the owner would have more than it may.
            NoRoomForClip: what would have to go is in use.
        """
        with self._lock:
            self._expire_held()
            self._check_size_held(size_bytes)
            self._check_quota_held(owner, size_bytes)
            if not self._make_room_held(size_bytes):
                raise NoRoomForClip(
                    f"The clip needs {megabytes(size_bytes)}, and the clips that are kept are in "
                    "use: try again."
                )
            reservation = Reservation(owner, size_bytes)
            self._holdings.reserved.add(reservation)
        try:
            yield reservation
        finally:
            with self._lock:
                self._holdings.reserved.discard(reservation)

    def keep(
        self,
        reservation: Reservation,
        frames: NDArray[np.uint8],
        times_s: Sequence[float],
        source: Source,
    ) -> Clip:
        """Turn a reservation into a clip, within the block of `reserve`.

        Args:
            frames: see Clip; they are the store's from now on, and nobody writes to them again.
        """
        if frames.nbytes > reservation.size_bytes:
            raise ValueError("the clip is larger than the room reserved for it")
        frames.flags.writeable = False
        clip = Clip(secrets.token_urlsafe(16), frames, tuple(times_s), source)
        with self._lock:
            self._holdings.reserved.remove(reservation)
            self._holdings.kept[clip.id] = Kept(reservation.owner, clip, self._clock())
        return clip

    @contextmanager
    def lease(self, owner: str, clip_id: str) -> Iterator["ClipLease"]:
        """Use a clip, which stays for as long as the block lasts.

        Raises:
            ClipNotFound: there is none of that id, or it is somebody else's.
        """
        with self._lock:
            kept = self._find_held(owner, clip_id)
            kept.leases += 1
        try:
            yield ClipLease(self, kept)
        finally:
            with self._lock:
                kept.leases -= 1
                kept.used_s = self._clock()
                if not kept.leases:
                    self._holdings.leaving.discard(kept)

    def delete(self, owner: str, clip_id: str) -> None:
        """Forget a clip and its results.

        Raises:
            ClipNotFound: see `lease`.
        """
        with self._lock:
            kept = self._find_held(owner, clip_id)
            del self._holdings.kept[clip_id]
            kept.results.clear()
            if kept.leases:
                self._holdings.leaving.add(kept)

    def clips_of(self, owner: str) -> OwnClips:
        """What an owner keeps, without counting as a use of it."""
        with self._lock:
            self._expire_held()
            now_s = self._clock()
            kept = [kept for kept in self._holdings.kept.values() if kept.owner == owner]
            clips = [(kept.clip, 0.0 if kept.leases else now_s - kept.used_s) for kept in kept]
            return OwnClips(
                clips=tuple(sorted(clips, key=lambda clip: clip[1])),
                used_bytes=self._holdings.of(owner)[1],
                quota=self._quota,
            )

    def sweep(self) -> None:
        """Forget what nobody has used for too long."""
        with self._lock:
            self._expire_held()

    def status(self) -> StoreStatus:
        with self._lock:
            return StoreStatus(
                clips=len(self._holdings.kept),
                in_use=sum(kept.leases > 0 for kept in self._holdings.in_memory()),
                used_bytes=self._holdings.used_bytes,
                reserved_bytes=self._holdings.reserved_bytes,
                budget_bytes=self._holdings.budget_bytes,
                evicted_count=self._evicted_count,
                expired_count=self._expired_count,
            )

    def result(self, kept: Kept, question: str) -> bytes | None:
        """See ClipLease."""
        with self._lock:
            return kept.results.get(question)

    def remember(self, kept: Kept, question: str, answer: bytes) -> bool:
        """See ClipLease."""
        more_bytes = result_bytes((question, answer))
        with self._lock:
            _, used_bytes = self._holdings.of(kept.owner)
            if (
                question in kept.results
                or kept in self._holdings.leaving
                or used_bytes + more_bytes > self._quota.most_bytes
                or not self._make_room_held(more_bytes)
            ):
                return False
            kept.results[question] = answer
            return True

    def _find_held(self, owner: str, clip_id: str) -> Kept:
        self._expire_held()
        kept = self._holdings.kept.get(clip_id)
        if kept is None or kept.owner != owner:
            raise ClipNotFound(
                f"There is no clip {clip_id[:40]!r}: it was never kept, was deleted, or had to "
                "make room."
            )
        return kept

    def _check_size_held(self, size_bytes: int) -> None:
        most_bytes = min(self._holdings.budget_bytes, self._quota.most_bytes)
        if size_bytes > most_bytes:
            raise ClipTooLarge(
                f"The frames need {megabytes(size_bytes)} and a clip may have "
                f"{megabytes(most_bytes)}: ask for fewer, or send smaller ones."
            )

    def _check_quota_held(self, owner: str, size_bytes: int) -> None:
        clips, used_bytes = self._holdings.of(owner)
        if clips < self._quota.most_clips and used_bytes + size_bytes <= self._quota.most_bytes:
            return
        used_s = [kept.used_s for kept in self._holdings.idle() if kept.owner == owner]
        raise ClipQuotaExceeded(
            f"You keep {clips} clips of {megabytes(used_bytes)} in all and may keep "
            f"{self._quota.most_clips} of {megabytes(self._quota.most_bytes)}: delete one.",
            retry_after_s=min(used_s) + self.ttl_s - self._clock() if used_s else None,
        )

    def _expire_held(self) -> None:
        self._expired_count += self._holdings.drop_unused_since(self._clock() - self.ttl_s)

    def _make_room_held(self, size_bytes: int) -> bool:
        evicted = self._holdings.make_room(size_bytes)
        self._evicted_count += evicted or 0
        return evicted is not None


class ClipLease:
    """A clip in use, and what models said about it."""

    def __init__(self, store: ClipStore, kept: Kept) -> None:
        self._store = store
        self._kept = kept

    @property
    def clip(self) -> Clip:
        return self._kept.clip

    def result(self, question: str) -> bytes | None:
        """The answer that was remembered; None where none was."""
        return self._store.result(self._kept, question)

    def remember(self, question: str, answer: bytes) -> bool:
        """Keep an answer with the clip, for as long as it is kept; the first one counts.

        Returns:
            False where it is not kept: there was one, there is no room, or the clip was deleted.
        """
        return self._store.remember(self._kept, question, answer)
