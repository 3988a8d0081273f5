"""So many jobs at once, so many waiting, and those that are over, for a while."""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from backend.enrichment.jobs.job import Job, Kind
from backend.errors import FramegateError, JobNotFound, Overloaded

log = logging.getLogger("framegate")

Work = Callable[[Job], bytes]
"""Does a job and returns its result as JSON; what it raises is the job's error."""

MOST_REMEMBERED = 1000
_CLOSE_S = 3.0


@dataclass(frozen=True, eq=False)
class _Task:
    job: Job
    work: Work
    cleanup: Callable[[], None]

    def run(self) -> None:
        result = b""
        error: Exception | None = None
        try:
            self.job.start()
            result = self.work(self.job)
        except FramegateError as refusal:
            error = refusal
        except Exception as fault:
            log.exception("internal_error", extra={"code": "internal_error"})
            error = fault
        self.end(result, error)

    def end(self, result: bytes = b"", error: Exception | None = None) -> None:
        """What the work held is given back before anybody hears that it is over."""
        try:
            self.cleanup()
        except Exception:
            log.exception("a job's remains could not be cleared away")
        if error is None:
            self.job.finish(result)
        else:
            self.job.fail(error)


class Jobs:
    """Threads that do one job after the other; any thread may ask.

    Args:
        at_once: jobs that are worked on.
        most_waiting: beyond them; more are refused.
        keep_s: how long a job that is over can be asked about.
        keep_bytes: of results; the oldest are forgotten first.
    """

    def __init__(
        self,
        *,
        at_once: int,
        most_waiting: int,
        keep_s: float = 600.0,
        keep_bytes: int = 64 * 2**20,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = at_once + most_waiting
        self._keep_s = keep_s
        self._keep_bytes = keep_bytes
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: deque[_Task] = deque()
        self._unfinished: dict[str, Job] = {}
        self._over: dict[str, Job] = {}  # in the order in which they ended
        self._ended = Counter[tuple[str, str]]()
        self._closed = False
        # Daemons: a worker that waits for a slow model must not hold up the process's end.
        self._threads = [
            threading.Thread(target=self._run, name=f"job-{number}", daemon=True)
            for number in range(at_once)
        ]
        for thread in self._threads:
            thread.start()

    def begin(
        self,
        owner: str,
        kind: Kind,
        work: Work,
        *,
        clip_id: str | None = None,
        cleanup: Callable[[], None] = lambda: None,
    ) -> Job:
        """Put a job into the queue.

        Args:
            cleanup: called once when it is over, or was never begun; not where this raises.

        Raises:
            Overloaded: as many are waiting as may.
        """
        job = Job(owner, kind, clip_id, clock=self._clock)
        with self._changed:
            if self._closed or len(self._unfinished) >= self._most:
                raise Overloaded("As many clips are being worked on as may be: try again.")
            self._unfinished[job.id] = job
            self._waiting.append(_Task(job, work, cleanup))
            self._changed.notify()
        return job

    def find(self, owner: str, job_id: str) -> Job:
        """The job of that id.

        Raises:
            JobNotFound: there is none, or it is somebody else's.
        """
        with self._changed:
            self._forget_held()
            job = self._unfinished.get(job_id) or self._over.get(job_id)
        if job is None or job.owner != owner:
            raise JobNotFound(
                f"There is no job {job_id[:40]!r}: it was never begun, is long over, or was lost "
                "in a restart."
            )
        return job

    def cancel(self, job: Job) -> None:
        """End a job; one that waits at once, one that is worked on at its next report."""
        job.cancel()
        with self._changed:
            task = next((task for task in self._waiting if task.job is job), None)
            if task is not None:
                self._waiting.remove(task)
        if task is not None:
            self._end(task)

    def cancel_of_clip(self, clip_id: str) -> None:
        """End every job that works on a clip."""
        with self._changed:
            jobs = [job for job in self._unfinished.values() if job.clip_id == clip_id]
        for job in jobs:
            self.cancel(job)

    def sweep(self) -> None:
        """Forget jobs that have been over for long."""
        with self._changed:
            self._forget_held()

    @property
    def unfinished(self) -> int:
        """How many wait or are worked on."""
        return len(self._unfinished)

    def ended(self) -> dict[tuple[str, str], int]:
        """How many were over so far, by kind and state."""
        with self._changed:
            return dict(self._ended)

    def close(self) -> None:
        """Cancel everything, and wait a little for it to end."""
        with self._changed:
            self._closed = True
            jobs = list(self._unfinished.values())
            self._changed.notify_all()
        for job in jobs:
            self.cancel(job)
        until_s = time.monotonic() + _CLOSE_S
        for thread in self._threads:
            thread.join(max(0.0, until_s - time.monotonic()))

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    if self._closed:
                        return
                    self._changed.wait()
                task = self._waiting.popleft()
            task.run()
            self._settle(task.job)

    def _end(self, task: _Task) -> None:
        task.end()
        self._settle(task.job)

    def _settle(self, job: Job) -> None:
        with self._changed:
            del self._unfinished[job.id]
            self._over[job.id] = job
            self._ended[job.kind, job.progress.state] += 1
            self._forget_held()

    def _forget_held(self) -> None:
        now_s = self._clock()
        held_bytes = sum(len(job.progress.result or b"") for job in self._over.values())
        for job_id, job in list(self._over.items()):
            old = job.ended_s is not None and now_s - job.ended_s > self._keep_s
            fits = held_bytes <= self._keep_bytes and len(self._over) <= MOST_REMEMBERED
            if not old and (fits or len(self._over) == 1):
                break
            held_bytes -= len(job.progress.result or b"")
            del self._over[job_id]
