"""Columns that are left out one by one where a terminal is too narrow for them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """`width` has the space after it; of several, the one of least `worth` is left out first."""

    name: str
    width: int
    worth: int


def fitting(columns: Sequence[Column], width: int | None) -> tuple[Column, ...]:
    """Those there is room for, in their order; the one of most worth stays in any case.

    Args:
        width: Of the terminal; None is as wide as it takes.
    """
    kept = list(columns)
    # Nothing follows the last column, so its space is not needed.
    while width is not None and len(kept) > 1 and sum(c.width for c in kept) - 1 > width:
        kept.remove(min(kept, key=lambda column: column.worth))
    return tuple(kept)


def cut(text: str, width: int | None) -> str:
    """One line of at most that width; a text that was cut ends in a sign for it."""
    if width is None or len(text) <= width:
        return text
    return text[: max(width - 1, 0)] + "…"[:width]
