"""The store of clips: what is kept, what goes, and what is refused."""

import threading
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest

from backend.enrichment.clips.clip import Clip, Quota, StoreStatus
from backend.enrichment.clips.store import ClipStore
from backend.errors import ClipNotFound, ClipQuotaExceeded, ClipTooLarge, NoRoomForClip
from tests.unit.backend.enrichment.clips.store_stage import FRAME_BYTES, Clock, frames, keep, store

KEY = "camera"


def test_a_clip_is_what_was_kept_and_nobody_writes_to_it() -> None:
    pixels = frames(3)
    kept = ClipStore(10**6, Quota(10**6, 9), ttl_s=60, clock=Clock())
    with kept.reserve(KEY, pixels.nbytes) as room:
        clip = kept.keep(room, pixels, [0, 0.5, 1.5], "mp4")
    with kept.lease(KEY, clip.id) as lease:
        assert lease.clip is clip
    assert (clip.width, clip.height, clip.source, clip.times_s) == (4, 2, "mp4", (0, 0.5, 1.5))
    assert clip.size_bytes == 3 * 2 * 4 * 3
    with pytest.raises(ValueError, match="read-only"):
        clip.frames[0] = 0


def test_ids_cannot_be_guessed_from_one_another() -> None:
    on = store(budget=100)
    ids = {keep(on.store).id for _ in range(50)}
    assert len(ids) == 50
    assert all(len(each) >= 20 for each in ids)


def test_the_least_recently_used_makes_room() -> None:
    on = store(budget=3)
    first, second, third = (keep(on.store) for _ in range(3))
    on.clock.now_s += 1
    with on.store.lease(KEY, first.id):
        pass
    fourth = keep(on.store)
    assert on.has(first, second, third, fourth) == [True, False, True, True]
    assert on.store.status().evicted_count == 1


def test_a_large_one_makes_as_many_go_as_it_needs_and_no_more() -> None:
    on = store(budget=5)
    clips = [keep(on.store) for _ in range(5)]
    keep(on.store, count=3)
    assert on.has(*clips) == [False, False, False, True, True]


def test_what_is_in_use_stays_and_the_newcomer_is_refused_without_anybody_going() -> None:
    on = store(budget=3)
    idle, busy = keep(on.store), keep(on.store, count=2)
    with (
        on.store.lease(KEY, busy.id),
        pytest.raises(NoRoomForClip, match=r"^The clip needs 0\.0 MB"),
        on.store.reserve(KEY, 2 * FRAME_BYTES),
    ):
        pass
    assert on.has(idle, busy) == [True, True]
    keep(on.store, count=3)
    assert on.has(idle, busy) == [False, False]


def test_room_is_taken_before_a_clip_is_decoded_and_given_back_when_that_fails() -> None:
    on = store(budget=3)

    def fail_to_decode() -> None:
        with on.store.reserve(KEY, 2 * FRAME_BYTES):
            assert on.store.status().reserved_bytes == 2 * FRAME_BYTES
            with pytest.raises(NoRoomForClip), on.store.reserve(KEY, 2 * FRAME_BYTES):
                pass
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail_to_decode()
    assert on.store.status().reserved_bytes == 0
    keep(on.store, count=3)


def test_a_clip_that_turned_out_smaller_counts_for_what_it_is() -> None:
    on = store(budget=9)
    with on.store.reserve(KEY, 5 * FRAME_BYTES) as room:
        on.store.keep(room, frames(2), [0, 1], "webm")
        assert on.store.status().reserved_bytes == 0
    assert on.store.status().used_bytes == 2 * FRAME_BYTES


def test_a_clip_larger_than_its_room_is_a_mistake_of_the_program() -> None:
    on = store(budget=9)
    with (
        on.store.reserve(KEY, FRAME_BYTES) as room,
        pytest.raises(ValueError, match="larger than the room"),
    ):
        on.store.keep(room, frames(2), [0, 1], "webm")
    assert on.store.status().clips == 0


def test_what_would_never_fit_is_too_large_and_nobody_goes() -> None:
    on = store(budget=4, quota=Quota(3 * FRAME_BYTES, 9))
    clip = keep(on.store)
    with pytest.raises(ClipTooLarge), on.store.reserve(KEY, 4 * FRAME_BYTES):
        pass
    assert on.has(clip) == [True]


def test_an_owner_has_a_share_of_bytes_and_is_told_when_there_will_be_room() -> None:
    on = store(budget=100, quota=Quota(3 * FRAME_BYTES, 9), ttl_s=60)
    keep(on.store)
    on.clock.now_s += 20
    keep(on.store)
    with pytest.raises(ClipQuotaExceeded) as caught, on.store.reserve(KEY, 2 * FRAME_BYTES):
        pass
    assert caught.value.retry_after_s == 40
    assert str(caught.value) == (
        "You keep 2 clips of 0.0 MB in all and may keep 9 of 0.0 MB: delete one."
    )
    keep(on.store, owner="another", count=2)
    on.clock.now_s += 40
    keep(on.store, count=2)


def test_an_owner_has_a_share_of_clips_with_those_on_their_way() -> None:
    on = store(budget=100, quota=Quota(10**6, 2))
    clip = keep(on.store)
    with (
        on.store.reserve(KEY, 1),
        pytest.raises(ClipQuotaExceeded),
        on.store.reserve(KEY, 1),
    ):
        pass
    keep(on.store)
    with on.store.lease(KEY, clip.id):
        on.store.delete(KEY, clip.id)
        with pytest.raises(ClipQuotaExceeded):  # it is still in memory
            keep(on.store)
    keep(on.store)


def test_nobody_knows_how_long_to_wait_for_clips_in_use() -> None:
    on = store(budget=100, quota=Quota(10**6, 1))
    clip = keep(on.store)
    with (
        on.store.lease(KEY, clip.id),
        pytest.raises(ClipQuotaExceeded) as caught,
        on.store.reserve(KEY, 1),
    ):
        pass
    assert caught.value.retry_after_s is None


def test_a_clip_is_forgotten_so_long_after_its_last_use_but_not_during_one() -> None:
    on = store(budget=9, ttl_s=60)
    clip = keep(on.store)
    on.clock.now_s += 59
    with on.store.lease(KEY, clip.id):
        on.clock.now_s += 1000
        on.store.sweep()
        assert on.has(clip) == [True]
    on.clock.now_s += 59.9
    on.store.sweep()
    assert on.store.status().clips == 1
    on.clock.now_s += 0.2
    on.store.sweep()
    assert on.store.status() == replace(on.empty, expired_count=1)


def test_a_clip_past_its_time_is_not_found_though_nobody_swept() -> None:
    on = store(budget=9, ttl_s=60)
    clip = keep(on.store)
    on.clock.now_s += 60
    with pytest.raises(ClipNotFound), on.store.lease(KEY, clip.id):
        pass


def test_a_clip_is_its_owner_s_alone() -> None:
    on = store(budget=9)
    clip = keep(on.store)
    with (
        pytest.raises(ClipNotFound, match=f"There is no clip '{clip.id}'"),
        on.store.lease("another", clip.id),
    ):
        pass
    with pytest.raises(ClipNotFound):
        on.store.delete("another", clip.id)
    assert on.has(clip) == [True]


def test_a_deleted_clip_is_gone_at_once_and_its_memory_with_the_last_user() -> None:
    on = store(budget=9)
    clip = keep(on.store, count=2)
    with ExitStack() as users:
        one = users.enter_context(on.store.lease(KEY, clip.id))
        users.enter_context(on.store.lease(KEY, clip.id))
        assert one.remember("quality", b"0.7")
        on.store.delete(KEY, clip.id)
        with pytest.raises(ClipNotFound):
            on.store.delete(KEY, clip.id)
        assert one.result("quality") is None
        assert not one.remember("quality", b"0.7")
        assert one.clip.frames.shape[0] == 2
        assert on.store.status() == replace(on.empty, clips=0, in_use=1, used_bytes=2 * FRAME_BYTES)
    assert on.store.status() == on.empty


def test_answers_are_kept_with_the_clip_and_count() -> None:
    on = store(budget=2)
    clip = keep(on.store)
    with on.store.lease(KEY, clip.id) as lease:
        assert lease.result("face") is None
        assert lease.remember("face", bytes(10))
        assert not lease.remember("face", b"another")
    with on.store.lease(KEY, clip.id) as lease:
        assert lease.result("face") == bytes(10)
    assert on.store.status().used_bytes == FRAME_BYTES + 14


def test_an_answer_makes_others_go_but_not_beyond_budget_and_share() -> None:
    on = store(budget=2)
    other, clip = keep(on.store, owner="another"), keep(on.store)
    with on.store.lease(KEY, clip.id) as lease:
        assert lease.remember("a", bytes(FRAME_BYTES - 1))
        assert not lease.remember("b", b"1")
    assert on.has(other, clip) == [False, True]
    on = store(budget=9, quota=Quota(FRAME_BYTES + 5, 9))
    clip = keep(on.store)
    with on.store.lease(KEY, clip.id) as lease:
        assert not lease.remember("abc", b"def")
        assert lease.remember("ab", b"def")


def test_many_threads_never_get_beyond_the_budget_and_leave_nothing_behind() -> None:
    kept = ClipStore(6 * FRAME_BYTES, Quota(6 * FRAME_BYTES, 6), ttl_s=60)
    over: list[StoreStatus] = []
    wrong: list[Clip] = []
    start = threading.Barrier(6)

    def work(owner: str, value: int) -> None:
        start.wait(10)
        for _ in range(40):
            try:
                clip = keep(kept, owner=owner, value=value)
                with kept.lease(owner, clip.id) as lease:
                    lease.remember("mean", b"")
                    if not np.all(lease.clip.frames == value):
                        wrong.append(clip)
                    status = kept.status()
                    if status.used_bytes + status.reserved_bytes > status.budget_bytes:
                        over.append(status)
                kept.delete(owner, clip.id)
            except (ClipNotFound, NoRoomForClip):
                pass

    threads = [threading.Thread(target=work, args=(f"key {n}", n)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (over, wrong) == ([], [])
    assert (kept.status().in_use, kept.status().reserved_bytes) == (0, 0)
    assert kept.status().used_bytes == kept.status().clips * (FRAME_BYTES + len("mean"))
