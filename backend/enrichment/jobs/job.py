"""One piece of long work: who works on it reports, who waits for it looks."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from backend.errors import JobCancelled

Kind = Literal["decode", "best_shot", "infer"]
Stop = Callable[[], None]


class State(StrEnum):
    """How a job can be."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        return self not in (State.QUEUED, State.RUNNING)


@dataclass(frozen=True)
class Progress:
    """A job at one moment.

    Attributes:
        of: how much there is to do, in the job's own units; None while that is not known.
        elapsed_s: since the work began; 0 before it.
        result: of a job that is done, as JSON.
        error: of a job that failed.
    """

    state: State
    done: int
    of: int | None
    elapsed_s: float
    result: bytes | None = None
    error: Exception | None = None

    @property
    def percent(self) -> float | None:
        if self.state is State.DONE:
            return 100.0
        return min(100.0, 100 * self.done / self.of) if self.of else None

    @property
    def eta_s(self) -> float | None:
        """Until it is done, if it goes on as fast as so far; None where that is not known."""
        if self.state is not State.RUNNING or not self.of or not self.done:
            return None
        return max(0.0, self.elapsed_s * (self.of - self.done) / self.done)


class Job:
    """Any thread may look at it and cancel it; one works on it.

    Attributes:
        owner: who may ask for it.
        clip_id: what it works on; None for one that makes a clip.
    """

    def __init__(
        self,
        owner: str,
        kind: Kind,
        clip_id: str | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.id = secrets.token_urlsafe(16)
        self.owner = owner
        self.kind: Kind = kind
        self.clip_id = clip_id
        self._clock = clock
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._now = Progress(State.QUEUED, 0, None, 0.0)
        self._began_s: float | None = None
        self._ended_s: float | None = None
        self._cancelled = False
        self._stops: list[Stop] = []

    @property
    def progress(self) -> Progress:
        with self._lock:
            if self._now.state is not State.RUNNING:
                return self._now
            return replace(self._now, elapsed_s=self._elapsed_s())

    @property
    def ended_s(self) -> float | None:
        """When it was over, on its clock; None before."""
        return self._ended_s

    def wait(self, timeout_s: float) -> bool:
        """Whether it is over, at the latest after so long."""
        return self._over.wait(max(0.0, timeout_s))

    def cancel(self) -> None:
        """Ask for its end; nothing changes about one that is over."""
        with self._lock:
            if self._cancelled or self._now.state.is_over:
                return
            self._cancelled = True
            stops = tuple(self._stops)
        for stop in stops:
            stop()

    def on_cancel(self, stop: Stop) -> None:
        """Have `stop` called when the job is cancelled, at once where it is already."""
        with self._lock:
            self._stops.append(stop)
            cancelled = self._cancelled
        if cancelled:
            stop()

    def report(self, done: int, of: int | None) -> None:
        """Say how far the work is.

        Raises:
            JobCancelled: it is not wanted any more.
        """
        with self._lock:
            if self._cancelled:
                raise JobCancelled("The job was cancelled.")
            self._now = Progress(State.RUNNING, done, of, 0.0)

    def start(self) -> None:
        """Begin the work.

        Raises:
            JobCancelled: it is not wanted any more.
        """
        self._began_s = self._clock()
        self.report(0, None)

    def finish(self, result: bytes) -> None:
        self._end(State.DONE, result=result)

    def fail(self, error: Exception) -> None:
        self._end(State.FAILED, error=error)

    def _end(
        self, state: State, *, result: bytes | None = None, error: Exception | None = None
    ) -> None:
        with self._lock:
            self._ended_s = self._clock()
            if self._cancelled:  # whatever came of it
                state, result, error = State.CANCELLED, None, None
            self._now = replace(
                self._now, state=state, elapsed_s=self._elapsed_s(), result=result, error=error
            )
            self._stops.clear()
        self._over.set()

    def _elapsed_s(self) -> float:
        return 0.0 if self._began_s is None else self._clock() - self._began_s
