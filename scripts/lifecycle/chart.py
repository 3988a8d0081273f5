"""Bars side by side as an SVG file of its own. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

WIDTH = 720
LEFT, RIGHT, TOP = 130, 80, 56
BAR, GAP, PANEL_TITLE, PANEL_GAP = 14, 10, 26, 18
# Told apart also without colours: by their lightness.
COLOURS = ("#1b4f72", "#2e86c1", "#aed6f1", "#566573")


@dataclass(frozen=True)
class Panel:
    """One figure of everything.

    Attributes:
        values: by group, then by series; None where it is not known.
    """

    title: str
    unit: str
    values: Sequence[Sequence[float | None]]


def svg(title: str, groups: Sequence[str], series: Sequence[str], panels: Sequence[Panel]) -> str:
    """A whole SVG document.

    Args:
        groups: rows of every panel, such as kinds of model.
        series: the bars of each row.
    """
    body = [_text(12, 22, title, css="title"), *_legend(series)]
    top = float(TOP)
    for panel in panels:
        body += _panel(panel, groups, series, top)
        top += _panel_height(len(groups), len(series)) + PANEL_GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top:.0f}" role="img" '
        f"aria-label={quoteattr(title)}>\n"
        "<style>text{font:12px sans-serif;fill:#222}.title{font-size:15px;font-weight:bold}"
        ".panel{font-weight:bold}</style>\n"
        f'<rect width="{WIDTH}" height="{top:.0f}" fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _panel_height(groups: int, series: int) -> float:
    return PANEL_TITLE + groups * (series * BAR + GAP)


def _legend(series: Sequence[str]) -> list[str]:
    made, x = [], 12.0
    for place, name in enumerate(series):
        made.append(_rect(x, 32, BAR, BAR, place, name))
        made.append(_text(x + BAR + 5, 44, name))
        x += BAR + 25 + 7 * len(name)
    return made


def _panel(panel: Panel, groups: Sequence[str], series: Sequence[str], top: float) -> list[str]:
    known = [value for row in panel.values for value in row if value is not None]
    most = max((value for value in known if value > 0), default=1.0)
    made = [_text(12, top + 16, f"{panel.title}, {panel.unit}", css="panel")]
    y = top + PANEL_TITLE
    for group, row in zip(groups, panel.values, strict=True):
        middle = y + len(series) * BAR / 2 + 4
        made.append(_text(LEFT - 8, middle, group, anchor="end"))
        for place, (name, value) in enumerate(zip(series, row, strict=True)):
            width = max(0.0, value or 0.0) / most * (WIDTH - LEFT - RIGHT)
            said = "not measured" if value is None else f"{value:,.4g} {panel.unit}"
            made.append(_rect(LEFT, y, max(1.0, width), BAR - 2, place, f"{group}, {name}: {said}"))
            made.append(_text(LEFT + width + 6, y + BAR - 4, _short(value)))
            y += BAR
        y += GAP
    return made


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}" if abs(value) >= 10 else f"{value:.1f}"


def _rect(x: float, y: float, width: float, height: float, place: int, title: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="{COLOURS[place % len(COLOURS)]}"><title>{escape(title)}</title></rect>'
    )


def _text(x: float, y: float, text: str, *, css: str = "", anchor: str = "start") -> str:
    name = f' class="{css}"' if css else ""
    return f'<text{name} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
