"""What a person sees while models are fetched: bars on a terminal, lines elsewhere."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import rich.progress
from rich.console import Console
from rich.table import Table

from scripts.fetching.download import OnBytes

_MIB = 2**20


class Progress(Protocol):
    def step(self, text: str) -> None:
        """Something begins; a sentence."""

    def file(self, name: str) -> OnBytes:
        """What to call with each piece of that file."""


class Lines:
    """A line per step and per quarter of a file."""

    def step(self, text: str) -> None:
        print(text, flush=True)

    def file(self, name: str) -> OnBytes:
        shown = -1

        def on_bytes(done: int, total: int) -> None:
            nonlocal shown
            quarter = 4 * done // max(1, total)
            if quarter != shown:
                shown = quarter
                print(f"{name}: {25 * quarter} % of {total / _MIB:.1f} MiB", flush=True)

        return on_bytes


class Bars:
    """A bar per file, with speed and the time that is left."""

    def __init__(self, bars: rich.progress.Progress) -> None:
        self._bars = bars

    def step(self, text: str) -> None:
        self._bars.console.print(text, highlight=False)

    def file(self, name: str) -> OnBytes:
        task = self._bars.add_task(name, total=None)

        def on_bytes(done: int, total: int) -> None:
            self._bars.update(task, completed=done, total=total)
            if done == total:
                self._bars.remove_task(task)

        return on_bytes


@contextmanager
def shown() -> Iterator[Progress]:
    console = Console()
    if not console.is_terminal:
        yield Lines()
        return
    columns = (
        rich.progress.TextColumn("{task.description}"),
        rich.progress.BarColumn(),
        rich.progress.DownloadColumn(),
        rich.progress.TransferSpeedColumn(),
        rich.progress.TimeRemainingColumn(),
    )
    with rich.progress.Progress(*columns, console=console) as bars:
        yield Bars(bars)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; long sentences wrap."""
    drawn = Table(box=None, pad_edge=False)
    for place, head in enumerate(heads):
        drawn.add_column(head, overflow="fold", no_wrap=place == 0)
    for row in rows:
        drawn.add_row(*row)
    Console().print(drawn, highlight=False, markup=False)
