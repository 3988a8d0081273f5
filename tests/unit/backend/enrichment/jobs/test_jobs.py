"""Jobs: how many at once, how far each is, and what becomes of those that are over."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from backend.enrichment.jobs.job import Job, State
from backend.enrichment.jobs.jobs import Jobs
from backend.errors import JobNotFound, Overloaded, TritonFailed
from tests.unit.backend.enrichment.clips.store_stage import Clock

ME = "key:camera"
SOON_S = 20.0


@contextmanager
def jobs(
    *, at_once: int = 1, most_waiting: int = 1, clock: Clock | None = None, keep_bytes: int = 1000
) -> Iterator[Jobs]:
    made = Jobs(
        at_once=at_once,
        most_waiting=most_waiting,
        keep_s=60,
        keep_bytes=keep_bytes,
        clock=clock or Clock(),
    )
    try:
        yield made
    finally:
        made.close()


class Slow:
    """Work that goes on until it is let go, and says how far it is."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, job: Job) -> bytes:
        job.report(1, 4)
        self.begun.set()
        assert self.go_on.wait(SOON_S)
        job.report(4, 4)
        return b"1"


def quick(job: Job) -> bytes:
    return b"{}"


def done(job: Job) -> Job:
    assert job.wait(SOON_S)
    return job


def test_a_job_says_how_far_it_is_and_when_it_will_be_done() -> None:
    clock, slow = Clock(), Slow()
    with jobs(clock=clock) as queue:
        job = queue.begin(ME, "infer", slow, clip_id="c")
        assert slow.begun.wait(SOON_S)
        clock.now_s += 2
        now = queue.find(ME, job.id).progress
        assert (now.state, now.done, now.of, now.percent) == (State.RUNNING, 1, 4, 25.0)
        assert (now.elapsed_s, now.eta_s) == (2.0, 6.0)
        slow.go_on.set()
        now = done(job).progress
        assert (now.state, now.percent, now.eta_s, now.result) == (State.DONE, 100.0, None, b"1")


def test_of_a_job_that_has_not_begun_nothing_is_foretold() -> None:
    now = Job(ME, "infer").progress
    assert (now.state, now.percent, now.eta_s, now.elapsed_s) == (State.QUEUED, None, None, 0.0)


def test_more_than_may_wait_are_refused_and_what_they_held_is_theirs_to_clear() -> None:
    slow, cleared = Slow(), threading.Event()
    with jobs(at_once=1, most_waiting=1) as queue:
        queue.begin(ME, "infer", slow)
        assert slow.begun.wait(SOON_S)
        waiting = queue.begin(ME, "infer", quick)
        with pytest.raises(Overloaded):
            queue.begin(ME, "infer", quick, cleanup=cleared.set)
        assert not cleared.is_set()
        slow.go_on.set()
        assert done(waiting).progress.state is State.DONE


@pytest.mark.parametrize("error", [TritonFailed("no"), ValueError("a fault")])
def test_what_the_work_raises_is_the_job_s_error_and_the_next_job_is_done(
    error: Exception,
) -> None:
    def fail(job: Job) -> bytes:
        raise error

    with jobs() as queue:
        assert done(queue.begin(ME, "infer", fail)).progress.error is error
        assert done(queue.begin(ME, "infer", quick)).progress.state is State.DONE
        assert queue.ended() == {("infer", "failed"): 1, ("infer", "done"): 1}


def test_a_cancelled_job_ends_at_its_next_report_and_keeps_nothing() -> None:
    slow, stopped = Slow(), threading.Event()

    def work(job: Job) -> bytes:
        job.on_cancel(stopped.set)
        return slow(job)

    with jobs() as queue:
        job = queue.begin(ME, "infer", work)
        assert slow.begun.wait(SOON_S)
        queue.cancel(job)
        assert stopped.is_set()
        slow.go_on.set()
        now = done(job).progress
        assert (now.state, now.result, now.error) == (State.CANCELLED, None, None)


def test_whatever_comes_of_work_that_was_ended_early_it_is_cancelled_and_no_failure() -> None:
    slow = Slow()

    def work(job: Job) -> bytes:
        slow.begun.set()
        assert slow.go_on.wait(SOON_S)
        raise TritonFailed("the process was killed")

    with jobs() as queue:
        job = queue.begin(ME, "decode", work)
        assert slow.begun.wait(SOON_S)
        queue.cancel(job)
        slow.go_on.set()
        assert done(job).progress.state is State.CANCELLED


def test_a_job_that_waits_is_cancelled_at_once_and_cleared_away() -> None:
    slow, cleared = Slow(), threading.Event()
    with jobs() as queue:
        queue.begin(ME, "infer", slow)
        assert slow.begun.wait(SOON_S)
        waiting = queue.begin(ME, "infer", quick, cleanup=cleared.set)
        queue.cancel(waiting)
        assert waiting.progress.state is State.CANCELLED
        assert cleared.is_set()
        # Its place in the queue is free.
        assert done_after(slow, queue.begin(ME, "infer", quick)).progress.state is State.DONE


def done_after(slow: Slow, job: Job) -> Job:
    slow.go_on.set()
    return done(job)


def test_cancelling_changes_nothing_about_a_job_that_is_done() -> None:
    with jobs() as queue:
        job = done(queue.begin(ME, "infer", quick))
        queue.cancel(job)
        assert job.progress.state is State.DONE


def test_the_jobs_of_a_clip_end_with_it_and_others_go_on() -> None:
    slow = Slow()
    with jobs(at_once=1, most_waiting=2) as queue:
        running = queue.begin(ME, "infer", slow, clip_id="a")
        assert slow.begun.wait(SOON_S)
        waiting = queue.begin(ME, "infer", quick, clip_id="a")
        other = queue.begin(ME, "infer", quick, clip_id="b")
        queue.cancel_of_clip("a")
        slow.go_on.set()
        states = [done(job).progress.state for job in (running, waiting, other)]
        assert states == [State.CANCELLED, State.CANCELLED, State.DONE]


def test_what_a_job_held_is_given_back_before_it_is_over() -> None:
    held: list[bool] = []
    with jobs() as queue:
        job: list[Job] = []
        begun = threading.Event()

        def work(_: Job) -> bytes:
            assert begun.wait(SOON_S)
            return b""

        def cleanup() -> None:
            held.append(job[0].progress.state.is_over)

        job.append(queue.begin(ME, "infer", work, cleanup=cleanup))
        begun.set()
        done(job[0])
    assert held == [False]


def test_nobody_sees_another_s_jobs() -> None:
    with jobs() as queue:
        job = done(queue.begin(ME, "infer", quick))
        for owner, job_id in (("key:other", job.id), (ME, "none")):
            with pytest.raises(JobNotFound, match="There is no job"):
                queue.find(owner, job_id)


def test_jobs_are_forgotten_after_a_while() -> None:
    clock = Clock()
    with jobs(clock=clock) as queue:
        first = settled(queue, queue.begin(ME, "infer", quick))
        clock.now_s += 50
        second = settled(queue, queue.begin(ME, "infer", quick))
        clock.now_s += 20
        queue.sweep()
        assert queue.find(ME, second.id) is second
        with pytest.raises(JobNotFound):
            queue.find(ME, first.id)


def test_of_results_that_are_too_large_together_the_oldest_are_forgotten() -> None:
    large: Callable[[Job], bytes] = lambda job: b"x" * 600  # noqa: E731
    with jobs(keep_bytes=1000) as queue:
        first, second = (settled(queue, queue.begin(ME, "infer", large)) for _ in range(2))
        assert queue.find(ME, second.id) is second
        with pytest.raises(JobNotFound):
            queue.find(ME, first.id)


def settled(queue: Jobs, job: Job) -> Job:
    """Over, and its place in the queue free."""
    done(job)
    while queue.unfinished:
        threading.Event().wait(0.001)
    return job


def test_closing_cancels_everything_and_nothing_is_taken_any_more() -> None:
    slow = Slow()
    with jobs() as queue:
        running = queue.begin(ME, "infer", slow)
        assert slow.begun.wait(SOON_S)
        waiting = queue.begin(ME, "infer", quick)
        running.on_cancel(slow.go_on.set)
        queue.close()
        assert [job.progress.state for job in (running, waiting)] == [State.CANCELLED] * 2
        with pytest.raises(Overloaded):
            queue.begin(ME, "infer", quick)
