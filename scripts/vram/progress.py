"""What a person sees while the models are measured: a bar on a terminal, lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import rich.progress
from rich.console import Console


class Progress(Protocol):
    def step(self, text: str) -> None:
        """Something begins with the model that is under way."""

    def done(self, line: str) -> None:
        """A model is measured; what came of it."""


class Lines:
    """A line per model."""

    def step(self, text: str) -> None:
        pass

    def done(self, line: str) -> None:
        print(line, flush=True)


class Bar:
    """How many models are done, what is under way, and the time that is left."""

    def __init__(self, bars: rich.progress.Progress, models: int) -> None:
        self._bars = bars
        self._task = bars.add_task("", total=models)

    def step(self, text: str) -> None:
        self._bars.update(self._task, description=text)

    def done(self, line: str) -> None:
        self._bars.console.print(line, highlight=False, markup=False, soft_wrap=True)
        self._bars.advance(self._task)


@contextmanager
def shown(models: int) -> Iterator[Progress]:
    console = Console()
    if not console.is_terminal:
        yield Lines()
        return
    columns = (
        rich.progress.BarColumn(),
        rich.progress.MofNCompleteColumn(),
        rich.progress.TimeRemainingColumn(),
        rich.progress.TextColumn("{task.description}", markup=False),
    )
    with rich.progress.Progress(*columns, console=console, transient=True) as bars:
        yield Bar(bars, models)
