"""What a terminal is given: colour where it is wanted, and nothing that could control it."""

import os
from typing import TextIO

LEVEL_CODES = {"healthy": "32", "degraded": "33", "overloaded": "31", "inconclusive": "36"}
OUTCOME_CODES = {"passed": "1;32", "missed": "1;31"}
BOLD = "1"


def colour_wanted(stream: TextIO) -> bool:
    """Source: https://no-color.org: NO_COLOR counts where it is set and not empty."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, code: str | None, *, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour and code else text


def printable(text: str) -> str:
    """Control characters as their escapes: a server's words must not move the cursor."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
