"""How observations are shown, as the flags say: table, screen, CSV or JSON lines."""

import argparse
import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from monitor.errors import UsageError
from monitor.output.lines import TableLines, terminal_width
from monitor.output.recording import Recorder
from monitor.session import Sink


@contextlib.contextmanager
def showing(
    options: argparse.Namespace,
    interval_s: float,
    *,
    colour: bool,
    now: Callable[[], float] | None = time.time,
) -> Iterator[Sink]:
    """Where observations go; a screen is given back to the terminal at the end.

    Args:
        now: As `Screen` wants it.

    Raises:
        UsageError: a screen is asked for where there is no terminal.
    """
    if options.tui:
        # Imported only where it is needed: it takes as long as everything else together.
        from monitor.output.screen.live import Screen, ScreenError

        try:
            screen = Screen(sys.stdout, colour=colour, now=now)
        except ScreenError as error:
            raise UsageError(str(error)) from error
        with screen:
            yield screen
    elif options.format == "json":
        yield Recorder(sys.stdout, interval_s, with_header=not options.no_header)
    elif options.format == "csv":
        from monitor.output.csv_lines import CsvLines

        yield CsvLines(sys.stdout, with_header=not options.no_header)
    else:
        lines = TableLines(
            sys.stdout,
            with_header=not options.no_header,
            width=lambda: terminal_width(sys.stdout),
        )
        lines.begin()
        yield lines
