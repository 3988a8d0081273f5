"""Figures as people read them. Pure."""

from collections.abc import Sequence


def mb(size_bytes: int | None) -> str:
    """`1,847 MB`, in units of 2**20 bytes."""
    return "-" if size_bytes is None else f"{round(size_bytes / 2**20):,} MB"


def seconds(duration_s: float | None) -> str:
    return "-" if duration_s is None else f"{duration_s:.2f}s"


def names(found: Sequence[str]) -> str:
    return ", ".join(found) or "none"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """In Markdown, with columns that line up as plain text, too."""
    cells = [list(map(_cell, row)) for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    ruler = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], ruler, *lines[1:]])


def _cell(text: str) -> str:
    """What a backend says may look like Markdown, or like HTML."""
    return text.replace("|", "\\|").replace("<", "&lt;")
