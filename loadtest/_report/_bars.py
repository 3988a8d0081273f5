"""Stacked bars as inline SVG: what a whole is made of, one bar under the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH = 340
LEFT, RIGHT = 46, 62
BAR_HEIGHT, ROW_HEIGHT = 18, 25
# Narrower than this a percentage does not fit into its part.
MIN_TEXT_WIDTH = 32


@dataclass(frozen=True)
class Bar:
    """One whole; its parts are in the order of the chart's names, None where not known."""

    label: str
    parts: Sequence[float | None]
    total: str


def share_bars(title: str, part_names: Sequence[str], bars: Sequence[Bar], *, unit: str) -> Markup:
    """Draw every bar at full length, so that shares can be compared; totals stand beside.

    Returns:
        A <figure> element; every label in it is escaped.
    """
    if not bars:
        return Markup('<p class="empty">Nothing was recorded for “{}”.</p>').format(title)
    rows = Markup("").join(
        _row(bar, part_names, position * ROW_HEIGHT) for position, bar in enumerate(bars)
    )
    legend = Markup("").join(
        Markup('<li class="p{}">{}</li>').format(position, name)
        for position, name in enumerate(part_names)
        if any(bar.parts[position] for bar in bars)
    )
    return Markup(
        '<figure class="bars"><figcaption>{title} <small>{unit}</small></figcaption>'
        '<svg viewBox="0 0 {width} {height}" role="img" aria-label="{title}, {unit}">{rows}</svg>'
        "<ul>{legend}</ul></figure>"
    ).format(
        title=title,
        unit=unit,
        width=WIDTH,
        height=len(bars) * ROW_HEIGHT,
        rows=rows,
        legend=legend,
    )


def _row(bar: Bar, names: Sequence[str], top: float) -> Markup:
    known = [part or 0.0 for part in bar.parts]
    whole = sum(known)
    middle = top + BAR_HEIGHT / 2 + 4
    made = [_text("tick", LEFT - 6, middle, "end", bar.label)]
    x = float(LEFT)
    for position, (part, name) in enumerate(zip(known, names, strict=True)):
        width = part / whole * (WIDTH - LEFT - RIGHT) if whole else 0.0
        if width:
            made.append(_part(position, x, top, width, f"{bar.label}: {name} {part:.4g}"))
        if width >= MIN_TEXT_WIDTH:
            share = f"{100 * part / whole:.0f} %"
            made.append(_text("inside", x + width / 2, middle, "middle", share))
        x += width
    made.append(_text("tick", WIDTH - RIGHT + 6, middle, "start", bar.total))
    return Markup("").join(made)


def _part(position: int, x: float, top: float, width: float, title: str) -> Markup:
    return Markup(
        '<rect class="p{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"><title>{}</title></rect>'
    ).format(position, x, top, width, BAR_HEIGHT, title)


def _text(css: str, x: float, y: float, anchor: str, text: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        css, x, y, anchor, text
    )
