"""The full-screen view on a terminal."""

import os
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, ConsoleDimensions
from rich.live import Live

from monitor.observation import Observation
from monitor.output.screen.frame import frame

# As many bars as a wide screen has room for.
HISTORY_SAMPLES = 240
USUAL_SIZE = ConsoleDimensions(80, 24)


class ScreenError(Exception):
    """There is nothing to draw on. The text says what to do instead."""


class Screen:
    """Takes the whole terminal while it is entered, and gives it back as it was.

    Args:
        now: Seconds as `Sample.wall_s` counts them; None where samples are not of now, but of a
            recording.

    Raises:
        ScreenError: `stream` is no terminal.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        colour: bool = True,
        now: Callable[[], float] | None = time.time,
    ) -> None:
        if not stream.isatty():
            raise ScreenError("--tui needs a terminal; leave it out for lines")
        size = _size(stream)
        self._console = Console(
            file=stream,
            force_terminal=True,
            color_system="standard",
            no_color=not colour,
            width=size.width,
            height=size.height,
        )
        if self._console.is_dumb_terminal:
            raise ScreenError(
                "--tui needs a terminal that can be drawn on, and TERM says it cannot; leave it "
                "out for lines"
            )
        self._stream = stream
        self._now = now
        self._history: deque[Observation] = deque(maxlen=HISTORY_SAMPLES)
        self._live = Live(
            frame((), size, 0.0),
            console=self._console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def write(self, observation: Observation) -> None:
        self._history.append(observation)
        self._draw(observation.sample.wall_s if self._now is None else self._now())

    def _draw(self, now_s: float) -> None:
        size = _size(self._stream)
        # Left to itself, rich asks stdin for the size, which may be another terminal or none.
        self._console.size = size
        view = frame(
            tuple(self._history),
            size,
            now_s,
            ascii_only=self._console.options.ascii_only,
        )
        self._live.update(view, refresh=True)


def _size(stream: TextIO) -> ConsoleDimensions:
    try:
        columns, lines = os.get_terminal_size(stream.fileno())
    except OSError:
        return USUAL_SIZE
    return ConsoleDimensions(columns or USUAL_SIZE.width, lines or USUAL_SIZE.height)
