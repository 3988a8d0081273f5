"""The store of clips under any history: never over its budget, and its sums are its content."""

from contextlib import ExitStack

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from backend.enrichment.clips.clip import Clip, Quota
from backend.enrichment.clips.store import ClipLease
from backend.errors import ClipNotFound, ClipQuotaExceeded, ClipTooLarge, NoRoomForClip
from tests.unit.backend.enrichment.clips.store_stage import FRAME_BYTES, keep, store

OWNERS = ("one", "two")
BUDGET, QUOTA = 8, Quota(6 * FRAME_BYTES, 4)
TTL_S = 60.0


class Histories(RuleBasedStateMachine):
    """Compares the store with the clips that were kept, by whom, and who uses them."""

    def __init__(self) -> None:
        super().__init__()
        self.on = store(budget=BUDGET, quota=QUOTA, ttl_s=TTL_S)
        self.clips: dict[str, tuple[str, Clip]] = {}
        self.leases: list[tuple[str, ClipLease, ExitStack]] = []
        self.deleted: set[str] = set()
        self.answers_bytes: dict[str, int] = {}
        self.reserved: list[tuple[int, ExitStack]] = []

    def teardown(self) -> None:
        for _, _, held in self.leases:
            held.close()
        for _, held in self.reserved:
            held.close()
        status = self.on.store.status()
        assert (status.in_use, status.reserved_bytes) == (0, 0)

    def present(self) -> set[str]:
        return set(self.on.store._holdings.kept)

    @rule(owner=st.sampled_from(OWNERS), count=st.integers(1, BUDGET + 1))
    def keep(self, owner: str, count: int) -> None:
        try:
            clip = keep(self.on.store, owner=owner, count=count, value=len(self.clips) % 256)
        except (NoRoomForClip, ClipQuotaExceeded, ClipTooLarge):
            return
        self.clips[clip.id] = (owner, clip)
        self.answers_bytes[clip.id] = 0

    @rule(owner=st.sampled_from(OWNERS), count=st.integers(1, 4))
    def reserve(self, owner: str, count: int) -> None:
        held = ExitStack()
        try:
            held.enter_context(self.on.store.reserve(owner, count * FRAME_BYTES))
        except (NoRoomForClip, ClipQuotaExceeded):
            return
        self.reserved.append((count * FRAME_BYTES, held))

    @precondition(lambda self: self.reserved)
    @rule()
    def give_back(self) -> None:
        self.reserved.pop(0)[1].close()

    @precondition(lambda self: self.clips)
    @rule(data=st.data())
    def lease(self, data: st.DataObject) -> None:
        clip_id = data.draw(st.sampled_from(list(self.clips)))
        owner, clip = self.clips[clip_id]
        held = ExitStack()
        try:
            lease = held.enter_context(self.on.store.lease(owner, clip_id))
        except ClipNotFound:
            assert clip_id not in self.present()
            return
        assert lease.clip is clip
        self.leases.append((clip_id, lease, held))

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        _, _, held = self.leases.pop(data.draw(st.integers(0, len(self.leases) - 1)))
        held.close()

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), question=st.sampled_from("abc"), size_bytes=st.integers(0, 40))
    def remember(self, data: st.DataObject, question: str, size_bytes: int) -> None:
        clip_id, lease, _ = data.draw(st.sampled_from(self.leases))
        if lease.remember(question, bytes(size_bytes)):
            assert lease.result(question) == bytes(size_bytes)
            self.answers_bytes[clip_id] += 1 + size_bytes

    @precondition(lambda self: self.clips)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        clip_id = data.draw(st.sampled_from(list(self.clips)))
        try:
            self.on.store.delete(self.clips[clip_id][0], clip_id)
        except ClipNotFound:
            return
        self.deleted.add(clip_id)
        self.answers_bytes[clip_id] = 0

    @rule(seconds=st.floats(0, 2 * TTL_S))
    def time_goes_on(self, seconds: float) -> None:
        self.on.clock.now_s += seconds
        self.on.store.sweep()

    @invariant()
    def never_over_the_budget(self) -> None:
        status = self.on.store.status()
        assert status.used_bytes + status.reserved_bytes <= BUDGET * FRAME_BYTES

    @invariant()
    def nobody_has_more_than_the_share(self) -> None:
        for owner in OWNERS:
            clips, size_bytes = self.on.store._holdings.of(owner)
            assert clips <= QUOTA.most_clips
            assert size_bytes <= QUOTA.most_bytes

    @invariant()
    def what_is_leased_is_there_unless_its_owner_deleted_it(self) -> None:
        in_use = {clip_id for clip_id, _, _ in self.leases}
        assert in_use - self.deleted <= self.present()
        assert not self.deleted & self.present()
        for clip_id, lease, _ in self.leases:
            assert lease.clip is self.clips[clip_id][1]

    @invariant()
    def the_sums_are_the_content(self) -> None:
        leaving = {clip_id for clip_id, _, _ in self.leases} & self.deleted
        in_memory = self.present() | leaving
        status = self.on.store.status()
        assert status.used_bytes == sum(
            self.clips[clip_id][1].frames.nbytes + self.answers_bytes[clip_id]
            for clip_id in in_memory
        )
        assert status.clips == len(self.present())
        assert status.reserved_bytes == sum(size_bytes for size_bytes, _ in self.reserved)
        gone = len(self.clips) - len(self.present()) - len(self.deleted)
        assert status.evicted_count + status.expired_count == gone


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
