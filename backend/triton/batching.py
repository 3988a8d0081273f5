"""Frames that wait for Triton, in the order in which they came.

Whoever takes gets all that wait, up to what its model takes at once: as soon as the previous batch
is back, and never waiting for company. Another goes out beside it only where a whole batch waits.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from gevent.event import AsyncResult, Event
from numpy.typing import NDArray

from backend.errors import TritonError
from backend.triton.wire import Inference


class Frame:
    """One picture on its way.

    Attributes:
        pixels: without a batch axis.
        deadline_s: on the clock of time.monotonic(); past it nobody waits any more.
        alone: it must not share a batch, because one that it was in has failed.
        moved: a server has refused it unread; the next refusal is final.
        traceparent: of the request that it came with, where that is traced.
    """

    __slots__ = ("_outcome", "alone", "deadline_s", "moved", "pixels", "traceparent")

    def __init__(
        self, pixels: NDArray[Any], deadline_s: float, traceparent: str | None = None
    ) -> None:
        self.pixels = pixels
        self.deadline_s = deadline_s
        self.traceparent = traceparent
        self.alone = False
        self.moved = False
        self._outcome: AsyncResult = AsyncResult()

    def succeed(self, inference: Inference) -> None:
        self._outcome.set(inference)

    def fail(self, error: TritonError) -> None:
        # One of its own: an error that several raise would collect the traceback of each.
        self._outcome.set_exception(type(error)(*error.args))

    def wait(self) -> bool:
        """Wait for the outcome; False where the deadline came first."""
        self._outcome.wait(max(0.0, self.deadline_s - time.monotonic()))
        return bool(self._outcome.ready())

    def inference(self) -> Inference:
        """The outcome, once it is there; raises the TritonError that it may be."""
        outcome: Inference = self._outcome.get(block=False)
        return outcome


class _Idle(NamedTuple):
    """Somebody who waits for frames."""

    least: Callable[[], int]
    woken: Event


class FrameQueue:
    """Greenlets of one thread put frames in and take batches out."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque()
        self._idle: deque[_Idle] = deque()

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, frame: Frame) -> None:
        self._frames.append(frame)
        self.wake()

    def put_back(self, frames: list[Frame]) -> None:
        """Frames that nobody has worked on, or that shall be tried again: before all others."""
        self._frames.extendleft(reversed(frames))
        for _ in frames:
            self.wake()

    def withdraw(self, frame: Frame) -> None:
        """Nobody waits for it any more; what is on its way already goes on."""
        if frame in self._frames:
            self._frames.remove(frame)

    def take(self, most: int, least: Callable[[], int] = lambda: 1) -> list[Frame]:
        """Wait for frames; take up to `most` of one shape.

        Args:
            least: how many must wait; asked anew whenever there is reason to.
        """
        while len(self._frames) < least() or not (
            batch := next_batch(self._frames, most, time.monotonic())
        ):
            idle = _Idle(least, Event())
            self._idle.append(idle)
            idle.woken.wait()
        return batch

    def wake(self) -> None:
        """Something has changed: let the one look that has waited longest and may take."""
        for idle in self._idle:
            if len(self._frames) >= idle.least():
                self._idle.remove(idle)
                idle.woken.set()
                return

    def fail_all(self, error: TritonError) -> None:
        while self._frames:
            self._frames.popleft().fail(error)


def next_batch(frames: deque[Frame], most: int, now_s: float) -> list[Frame]:
    """Take the first frames that may travel together; those past their deadline are dropped."""
    batch: list[Frame] = []
    while frames and len(batch) < most:
        frame = frames[0]
        if frame.deadline_s > now_s:
            if batch and (
                frame.alone or batch[0].alone or frame.pixels.shape != batch[0].pixels.shape
            ):
                break
            batch.append(frame)
        frames.popleft()
    return batch
