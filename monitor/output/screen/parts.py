"""What a screen is made of: parts, of which those worth least are left out first. Pure."""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Span(NamedTuple):
    """`style` as rich names it."""

    text: str
    style: str = ""


Line = tuple[Span, ...]
BLANK: Line = ()
LABEL_WIDTH = 12
DIM = "dim"
# A blank line between sections for so many lines of height, even where parts must go for it.
LINES_A_BLANK = 8


@dataclass(frozen=True)
class Part:
    """Lines that are shown together or not at all; parts of one section stand together."""

    section: int
    worth: float
    lines: tuple[Line, ...]


def whole_height(parts: Sequence[Part]) -> int:
    """Of all parts, with a blank line between sections."""
    shown = [part for part in parts if part.lines]
    return sum(len(part.lines) for part in shown) + len({part.section for part in shown}) - 1


def arranged(parts: Sequence[Part], height: int) -> list[Line]:
    """As many parts as there is room for, section by section, with blank lines between them."""
    parts = sorted(parts, key=lambda part: part.section)
    sections = len({part.section for part in parts if part.lines})
    room = height - min(max(sections - 1, 0), height // LINES_A_BLANK)
    kept = set()
    for number in sorted(range(len(parts)), key=lambda number: -parts[number].worth):
        if len(parts[number].lines) <= room:
            kept.add(number)
            room -= len(parts[number].lines)
    shown = [part for number, part in enumerate(parts) if number in kept and part.lines]
    blanks = height - sum(len(part.lines) for part in shown)
    lines: list[Line] = []
    section = shown[0].section if shown else 0
    for part in shown:
        if part.section != section and blanks > 0:
            lines.append(BLANK)
            blanks -= 1
        section = part.section
        lines += part.lines
    return lines


def line(text: str, style: str = "") -> Line:
    return (Span(text, style),)


def wrapped(text: str, width: int, most: int, *, indent: str = "", style: str = "") -> list[Line]:
    """At most so many lines; what does not fit into them is left out with a sign for it."""
    rows = textwrap.wrap(
        text,
        max(width, len(indent) + 2),
        initial_indent=indent,
        subsequent_indent=indent,
        max_lines=most,
        placeholder=" …",
    )
    return [line(row, style) for row in rows]


def flowing(label: str, items: Iterable[str], width: int) -> tuple[Line, ...]:
    """A label, then items with commas between them, in as many lines as they take."""
    rows = [""]
    for item in items:
        longer = f"{rows[-1]}, {item}" if rows[-1] else item
        if rows[-1] and LABEL_WIDTH + len(longer) + 1 > width:
            rows[-1] += ","
            rows.append(item)
        else:
            rows[-1] = longer
    return tuple(
        (Span((label if number == 0 else "").ljust(LABEL_WIDTH), DIM), Span(row))
        for number, row in enumerate(rows)
    )
