"""Line charts as inline SVG, drawn for a phone's width and scaled up from there."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH = 340
HEIGHT = 210
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 14, 36
# More than this no screen shows.
MOST_POINTS = 680
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)

Point = tuple[float, float | None]


@dataclass(frozen=True)
class Series:
    """One line; a None breaks it, so that nothing is drawn where nothing is known.

    Its place among the series of a chart decides its colour and its dashes.
    """

    label: str
    points: Sequence[Point]


@dataclass(frozen=True)
class Band:
    """A shaded part of the x axis; `level`, such as "degraded", decides the shade."""

    from_x: float
    to_x: float
    label: str
    level: str = ""


def line_chart(
    title: str,
    series: Sequence[Series],
    *,
    x_label: str,
    y_unit: str,
    bands: Sequence[Band] = (),
    dots: bool = True,
    x_ticks: Sequence[float] | None = None,
) -> Markup:
    """Draw the series over a common x axis; the y axis begins at 0.

    Returns:
        A <figure> element; every label in it is escaped.
    """
    series = [Series(one.label, thinned(one.points)) for one in series]
    known = [(x, y) for one in series for x, y in one.points if y is not None]
    if not known:
        return Markup('<p class="empty">Nothing was recorded for “{}”.</p>').format(title)
    every_x = [x for x, _ in known] + [x for band in bands for x in (band.from_x, band.to_x)]
    scale = _Scale.around(every_x, [y for _, y in known])
    parts = [_band(band, scale) for band in bands]
    parts += [_y_tick(tick, scale) for tick in ticks(scale.y_top)]
    chosen = x_ticks if x_ticks is not None else ticks(scale.x_high)
    parts += _x_ticks([tick for tick in chosen if scale.x_low <= tick <= scale.x_high], scale)
    for position, one in enumerate(series):
        parts.append(_line(one, position, scale, dots=dots))
    parts.append(
        Markup('<text class="axis" x="{}" y="{}" text-anchor="end">{}</text>').format(
            WIDTH - RIGHT, HEIGHT - 4, x_label
        )
    )
    legend = Markup("").join(
        Markup('<li class="s{}">{}</li>').format(position, one.label)
        for position, one in enumerate(series)
        if any(y is not None for _, y in one.points)
    )
    return Markup(
        "<figure><figcaption>{title} <small>{unit}</small></figcaption>"
        '<svg viewBox="0 0 {width} {height}" role="img" aria-label="{title}, {unit}">{body}</svg>'
        "<ul>{legend}</ul></figure>"
    ).format(
        title=title,
        unit=y_unit,
        width=WIDTH,
        height=HEIGHT,
        body=Markup("").join(parts),
        legend=legend,
    )


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> Sequence[Point]:
    """At most so many points, each the highest of its neighbours: no peak is lost."""
    if len(points) <= most:
        return points
    size = math.ceil(len(points) / most)
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [max(group, key=lambda p: -math.inf if p[1] is None else p[1]) for group in groups]


def ticks(top: float) -> list[float]:
    """Round numbers from 0 up to top, about five of them."""
    if top <= 0:
        return [0.0]
    rough = top / 5
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(s * magnitude for s in _STEPS if s * magnitude >= rough * 0.999)
    return [index * step for index in range(math.floor(top / step + 1e-9) + 1)]


@dataclass(frozen=True)
class _Scale:
    x_low: float
    x_high: float
    y_top: float

    @classmethod
    def around(cls, xs: Sequence[float], ys: Sequence[float]) -> "_Scale":
        low, high = min(0.0, *xs), max(xs)
        return cls(low, high if high > low else low + 1.0, max(ys) * 1.08 or 1.0)

    def x(self, value: float) -> float:
        share = (value - self.x_low) / (self.x_high - self.x_low)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        return round(HEIGHT - BOTTOM - value / self.y_top * (HEIGHT - TOP - BOTTOM), 1)


def _band(band: Band, scale: _Scale) -> Markup:
    left, right = scale.x(band.from_x), scale.x(band.to_x)
    width = round(max(0.0, right - left), 1)
    return Markup(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>'
        '<text class="bandlabel" x="{}" y="{}" text-anchor="middle">{}</text>'
    ).format(
        f"band {band.level}".rstrip(),
        left,
        TOP,
        width,
        HEIGHT - TOP - BOTTOM,
        band.label,
        round(left + width / 2, 1),
        TOP + 9,
        # A label that would run into its neighbour is still there as the band's title.
        band.label if width >= 5 * len(band.label) else "",
    )


def _y_tick(value: float, scale: _Scale) -> Markup:
    y = scale.y(value)
    return Markup(
        '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>'
    ).format(LEFT, WIDTH - RIGHT, y, y, LEFT - 5, y + 3.5, f"{value:g}")


def _x_ticks(values: Sequence[float], scale: _Scale) -> list[Markup]:
    made: list[Markup] = []
    last_x = -math.inf
    for value in values:
        x = scale.x(value)
        if x - last_x < 22:
            continue
        last_x = x
        made.append(
            Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>').format(
                x, HEIGHT - BOTTOM + 14, f"{value:g}"
            )
        )
    return made


def _line(series: Series, position: int, scale: _Scale, *, dots: bool) -> Markup:
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in series.points:
        if y is None:
            runs.append([])
        else:
            runs[-1].append((x, y))
    css = f"s{position}"
    parts = []
    for run in filter(None, runs):
        path = " ".join(f"{scale.x(x)},{scale.y(y)}" for x, y in run)
        parts.append(Markup('<polyline class="{}" points="{}"/>').format(css, path))
        # A run of one point has no line to show it.
        if dots or len(run) == 1:
            parts += [_dot(css, series.label, x, y, scale) for x, y in run]
    return Markup("").join(parts)


def _dot(css: str, label: str, x: float, y: float, scale: _Scale) -> Markup:
    return Markup('<circle class="{}" cx="{}" cy="{}" r="2.5"><title>{}</title></circle>').format(
        css, scale.x(x), scale.y(y), escape(f"{label}: {y:.4g} at {x:g}")
    )
