"""What a person sees meanwhile, on standard error: bars on a terminal, lines elsewhere."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import rich.progress
from rich.console import Console

from scripts.clips.body import OnBytes

_MB = 10**6
# Told a job's document.
OnJob = Callable[[Any], None]


class Progress(Protocol):
    def upload(self, files: Sequence[Path]) -> OnBytes:
        """What to call with each piece that goes out."""

    def job(self, what: str) -> OnJob:
        """What to call with each state of a job that does `what`."""


class Lines:
    """A line per quarter."""

    def upload(self, files: Sequence[Path]) -> OnBytes:
        show = _each_quarter(f"Uploading {_named(files)}")
        return lambda done, total: show(done / total, upload_words(done, total))

    def job(self, what: str) -> OnJob:
        show = _each_quarter(what)
        return lambda job: show((job["percent"] or 0) / 100, job_words(job))


class Bars:
    """A bar per step, with the time that is left."""

    def __init__(self, bars: rich.progress.Progress) -> None:
        self._bars = bars

    def upload(self, files: Sequence[Path]) -> OnBytes:
        task = self._bars.add_task(f"Uploading {_named(files)}", total=None, words="")

        def on_bytes(done: int, total: int) -> None:
            speed = self._bars.tasks[task].speed
            words = upload_words(done, total, (total - done) / speed if speed else None)
            self._bars.update(task, completed=done, total=total, words=words)

        return on_bytes

    def job(self, what: str) -> OnJob:
        task = self._bars.add_task(what, total=None, words="")

        def on_job(job: Any) -> None:
            words = job_words(job)
            self._bars.update(task, completed=job["done"], total=job["of"], words=words)

        return on_job


@contextmanager
def shown() -> Iterator[Progress]:
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Lines()
        return
    columns = (
        rich.progress.TextColumn("{task.description}", markup=False),
        rich.progress.BarColumn(),
        rich.progress.TextColumn("{task.fields[words]}", markup=False),
    )
    with rich.progress.Progress(*columns, console=console) as bars:
        yield Bars(bars)


def upload_words(done: int, total: int, eta_s: float | None = None) -> str:
    words = f"{done / _MB:.1f} of {total / _MB:.1f} MB, {100 * done // total} %"
    return words + _left(None if done == total else eta_s)


def job_words(job: Any) -> str:
    """How far a job is, as its document says; what nobody knows is left out."""
    if job["state"] == "queued":
        return "waiting for its turn"
    if job["state"] != "running":
        return str(job["state"])
    if job["of"] is None or job["percent"] is None:
        return str(job["done"] or "")
    return f"{job['done']} of {job['of']}, {job['percent']:.0f} %{_left(job['eta_s'])}"


def _left(eta_s: float | None) -> str:
    if eta_s is None:
        return ""
    return f", {max(1, round(eta_s))} s left" if eta_s < 90 else f", {eta_s / 60:.0f} min left"


def _named(files: Sequence[Path]) -> str:
    return files[0].name if len(files) == 1 else f"{len(files)} pictures"


def _each_quarter(what: str) -> Callable[[float, str], None]:
    shown = -1

    def show(ratio: float, words: str) -> None:
        nonlocal shown
        if int(4 * ratio) > shown:
            shown = int(4 * ratio)
            print(f"{what}: {words}", file=sys.stderr, flush=True)

    return show
