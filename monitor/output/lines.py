"""The table on a stream: a line a sample."""

import os
from collections.abc import Callable
from typing import TextIO

from monitor.observation import Observation
from monitor.output import columns, table


def terminal_width(stream: TextIO) -> int | None:
    """None where the stream is no terminal or the terminal does not say."""
    try:
        return (os.get_terminal_size(stream.fileno()).columns or None) if stream.isatty() else None
    except OSError:
        return None


class TableLines:
    """Every line is flushed as it is written.

    Args:
        width: Asked anew for each line; None from it is as wide as it takes.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        with_header: bool = True,
        width: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._stream = stream
        self._with_header = with_header
        self._width = width
        self._columns: tuple[columns.Column, ...] | None = None
        self._unified: str | None = None

    def begin(self) -> None:
        """The header, before the first sample is there."""
        self._head(self._width())

    def write(self, observation: Observation) -> None:
        sample, width = observation.sample, self._width()
        self._head(width)
        unified = table.unified_memory_line(sample.gpus)
        if unified is not None and unified != self._unified:
            self._line(columns.cut(unified, width))
        self._unified = unified
        self._line(table.row(sample, width=width))

    def _head(self, width: int | None) -> None:
        """Again where the terminal was made so narrow or wide that the columns are others."""
        fitting = columns.fitting(table.COLUMNS, width)
        if self._with_header and fitting != self._columns:
            self._line(table.header(width))
        self._columns = fitting

    def _line(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()
