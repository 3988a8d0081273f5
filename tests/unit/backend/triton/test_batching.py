"""Frames that wait: their order, who travels with whom, and who takes them."""

import math
import time
from collections import deque
from itertools import pairwise

import gevent
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import TritonFailed, TritonUnavailable
from backend.triton.batching import Frame, FrameQueue, next_batch
from backend.triton.wire import Inference

NOW_S = 100.0


def frame(number: int = 0, *, shape: int = 2, deadline_s: float = math.inf) -> Frame:
    return Frame(np.full(shape, number, np.uint8), deadline_s)


def frames(count: int) -> list[Frame]:
    return [frame(number) for number in range(count)]


# The next batch


def test_the_first_that_came_travel_first_up_to_what_is_taken_at_once() -> None:
    all_frames = frames(5)
    waiting = deque(all_frames)
    assert next_batch(waiting, 2, NOW_S) == all_frames[:2]
    assert next_batch(waiting, 2, NOW_S) == all_frames[2:4]
    assert next_batch(waiting, 2, NOW_S) == all_frames[4:]
    assert next_batch(waiting, 2, NOW_S) == []


def test_another_shape_waits_for_the_next_batch_and_nobody_overtakes_it() -> None:
    first, second, other, last = frame(1), frame(2), frame(3, shape=3), frame(4)
    waiting = deque([first, second, other, last])
    assert next_batch(waiting, 9, NOW_S) == [first, second]
    assert next_batch(waiting, 9, NOW_S) == [other]
    assert next_batch(waiting, 9, NOW_S) == [last]


def test_a_frame_that_must_be_alone_shares_with_none_before_or_after_it() -> None:
    before, lonely, after = frames(3)
    lonely.alone = True
    waiting = deque([before, lonely, after])
    assert [next_batch(waiting, 9, NOW_S) for _ in range(3)] == [[before], [lonely], [after]]


@pytest.mark.parametrize("late", [[0], [1], [2], [0, 1], [1, 2], [0, 1, 2]])
def test_past_its_deadline_a_frame_is_dropped_wherever_it_stands(late: list[int]) -> None:
    waiting = deque(frames(3))
    for number in late:
        waiting[number].deadline_s = NOW_S
    in_time = [one for one in waiting if one.deadline_s > NOW_S]
    assert next_batch(waiting, 3, NOW_S) == in_time
    assert not waiting


def test_a_frame_past_its_deadline_parts_no_batch() -> None:
    first, last = frame(1), frame(2)
    lonely = frame(shape=7, deadline_s=NOW_S)
    lonely.alone = True
    assert next_batch(deque([first, lonely, last]), 9, NOW_S) == [first, last]


@given(
    kinds=st.lists(
        st.tuples(st.integers(1, 3), st.booleans(), st.sampled_from([NOW_S - 1, NOW_S + 1])),
        max_size=30,
    ),
    most=st.integers(1, 6),
)
def test_every_frame_comes_out_once_in_order_and_only_with_its_equals(
    kinds: list[tuple[int, bool, float]], most: int
) -> None:
    all_frames = []
    for shape, alone, deadline_s in kinds:
        all_frames.append(frame(shape=shape, deadline_s=deadline_s))
        all_frames[-1].alone = alone
    waiting = deque(all_frames)
    batches = []
    while batch := next_batch(waiting, most, NOW_S):
        batches.append(batch)
    assert not waiting
    assert [one for batch in batches for one in batch] == [
        one for one in all_frames if one.deadline_s > NOW_S
    ]
    for batch in batches:
        assert len(batch) <= most
        assert len({one.pixels.shape for one in batch}) == 1
        assert len(batch) == 1 or not any(one.alone for one in batch)
    for one, following in pairwise(batches):
        # Whoever could have come along did.
        parted = one[0].alone or following[0].alone
        parted = parted or one[0].pixels.shape != following[0].pixels.shape
        assert len(one) == most or parted


# The queue


class Taker:
    """Somebody who takes one batch, and notes it under a name in a list that all share."""

    def __init__(self, queue: FrameQueue, name: str, taken: list[tuple[str, list[Frame]]]) -> None:
        self._queue, self._name, self._taken = queue, name, taken
        self.greenlet = gevent.spawn(self._take)
        gevent.sleep(0)  # it waits now

    def _take(self) -> None:
        self._taken.append((self._name, self._queue.take(4)))


@pytest.fixture
def queue() -> FrameQueue:
    return FrameQueue()


def test_whoever_waits_longest_takes_the_next_frame(queue: FrameQueue) -> None:
    taken: list[tuple[str, list[Frame]]] = []
    takers = [Taker(queue, name, taken) for name in "abc"]
    expected = []
    for name, one in zip("abcab", frames(5), strict=True):
        queue.put(one)
        gevent.sleep(0)
        takers.append(Taker(queue, name, taken))  # and waits again, behind the others
        expected.append((name, [one]))
    assert taken == expected
    gevent.killall([taker.greenlet for taker in takers])


def test_frames_that_came_together_travel_together(queue: FrameQueue) -> None:
    taken: list[tuple[str, list[Frame]]] = []
    takers = [Taker(queue, name, taken) for name in "ab"]
    together = frames(3)
    for one in together:
        queue.put(one)
    gevent.sleep(0)
    assert taken == [("a", together)]
    another = frame(9)
    queue.put(another)
    gevent.joinall([taker.greenlet for taker in takers], timeout=10)
    assert taken == [("a", together), ("b", [another])]


def test_frames_put_back_come_before_all_others_in_their_order(queue: FrameQueue) -> None:
    first, second, third, fourth = frames(4)
    for one in (first, second, third):
        queue.put(one)
    batch = queue.take(2)
    queue.put(fourth)
    queue.put_back(batch)
    assert queue.take(9) == [first, second, third, fourth]


def test_frames_put_back_wake_as_many_as_can_take_them(queue: FrameQueue) -> None:
    taken: list[tuple[str, list[Frame]]] = []
    takers = [Taker(queue, name, taken) for name in "abc"]
    lonely = frames(2)
    for one in lonely:
        one.alone = True
    queue.put_back(lonely)
    gevent.sleep(0)
    assert taken == [("a", lonely[:1]), ("b", lonely[1:])]
    gevent.killall([taker.greenlet for taker in takers])


def test_a_frame_that_is_withdrawn_is_not_taken(queue: FrameQueue) -> None:
    first, second = frames(2)
    queue.put(first)
    queue.put(second)
    queue.withdraw(first)
    assert len(queue) == 1
    assert queue.take(9) == [second]
    queue.withdraw(second)  # it is on its way
    assert len(queue) == 0


def test_a_taker_woken_for_a_frame_that_is_gone_waits_on(queue: FrameQueue) -> None:
    taken: list[tuple[str, list[Frame]]] = []
    taker = Taker(queue, "a", taken)
    gone, late, there = frame(1), frame(2, deadline_s=time.monotonic() - 1), frame(3)
    queue.put(gone)
    queue.withdraw(gone)
    gevent.sleep(0)
    queue.put(late)
    gevent.sleep(0)
    assert taken == []
    assert len(queue) == 0
    queue.put(there)
    taker.greenlet.get(timeout=10)
    assert taken == [("a", [there])]


# Outcomes


def test_all_that_wait_fail_each_with_an_error_of_its_own(queue: FrameQueue) -> None:
    waiting = frames(3)
    for one in waiting:
        queue.put(one)
    reason = TritonUnavailable("Triton cannot be reached.")
    queue.fail_all(reason)
    assert len(queue) == 0
    caught = []
    for one in waiting:
        assert one.wait()
        with pytest.raises(TritonUnavailable, match=r"^Triton cannot be reached\.$") as failed:
            one.inference()
        caught.append(failed.value)
    assert len({id(error) for error in [*caught, reason]}) == 4


def test_an_outcome_reaches_whoever_waits_for_it() -> None:
    inference = Inference({"a": np.array([1])}, "1")
    served, failed = frame(deadline_s=time.monotonic() + 10), frame(deadline_s=math.inf)
    gevent.spawn(served.succeed, inference)
    assert served.wait()
    assert served.inference() is inference
    failed.fail(TritonFailed("no"))
    with pytest.raises(TritonFailed, match=r"^no$"):
        failed.inference()


@pytest.mark.parametrize("left_s", [-1.0, 0.0, 0.05])
def test_nobody_waits_past_the_deadline(left_s: float) -> None:
    late = frame(deadline_s=time.monotonic() + left_s)
    assert not late.wait()
    assert time.monotonic() >= late.deadline_s


def test_who_wants_a_whole_batch_is_not_woken_for_less(queue: FrameQueue) -> None:
    taken: list[list[Frame]] = []
    taking = gevent.spawn(lambda: taken.append(queue.take(3, lambda: 3)))
    gevent.sleep(0)
    frames = [frame() for _ in range(4)]
    for each in frames[:2]:
        queue.put(each)
    gevent.sleep(0.01)
    assert taken == []
    queue.put(frames[2])
    taking.join(timeout=10)
    assert taken == [frames[:3]]
    queue.put(frames[3])
    assert queue.take(3) == [frames[3]]


def test_who_may_take_now_is_found_by_a_second_look(queue: FrameQueue) -> None:
    least = [9]
    taking = gevent.spawn(queue.take, 3, lambda: least[0])
    gevent.sleep(0)
    first = frame()
    queue.put(first)
    gevent.sleep(0.01)
    assert not taking.ready()
    least[0] = 1
    queue.wake()
    assert taking.get(timeout=10) == [first]
