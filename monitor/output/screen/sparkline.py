"""Numbers as small bars. Pure."""

import math
from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.:-=+*#"


def sparkline(
    values: Sequence[float | None],
    width: int,
    *,
    top: float | None = None,
    height: int = 1,
    ascii_only: bool = False,
) -> tuple[str, ...]:
    """The latest values, the newest at the right end, as lines of exactly `width` characters.

    Args:
        values: None is unknown, and empty; so is what is no number. A zero is the lowest bar.
        top: What the highest bar stands for; None is the largest value in view.
        height: Lines, from the top one down.
    """
    bars = ASCII_BARS if ascii_only else BARS
    shown = values[-width:] if width > 0 else ()
    known = [value for value in shown if value is not None and math.isfinite(value)]
    highest = max(known, default=0.0) if top is None else top
    steps = [_steps(value, highest, height * len(bars)) for value in shown]
    return tuple(
        "".join(_bar(step - floor * len(bars), bars) for step in steps).rjust(max(width, 0))
        for floor in reversed(range(height))
    )


def _steps(value: float | None, highest: float, most: int) -> int:
    if value is None or not math.isfinite(value):
        return 0
    share = min(max(value / highest, 0.0), 1.0) if highest > 0 else 0.0
    return max(math.ceil(share * most), 1)


def _bar(steps: int, bars: str) -> str:
    return bars[min(steps, len(bars)) - 1] if steps > 0 else " "
