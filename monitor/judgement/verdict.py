"""Healthy, degraded or overloaded, and the rule that says so."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Level = Literal["healthy", "degraded", "overloaded", "unknown"]

THRESHOLDS_FILE = Path(__file__).parents[1] / "thresholds.toml"
MOST_DECIMALS = 6


class ThresholdsError(Exception):
    """The thresholds file cannot be used. The text says which line of it to mend."""


@dataclass(frozen=True)
class Measure:
    """How one number is judged and spoken of; `scale` turns it into the unit shown."""

    name: str
    label: str
    unit: str
    higher_is_better: bool = False
    healthy_at_limit: bool = False
    scale: float = 1.0


# Judged in this order: of several rules of one level, the one nearest the user is named.
MEASURES = (
    Measure("success_percent", "success", "%", higher_is_better=True, healthy_at_limit=True),
    Measure("e2e_ms", "end-to-end", "ms"),
    Measure("queue_ms", "queue", "ms"),
    Measure("infer_ms", "inference", "ms"),
    Measure("gpu_memory_ratio", "GPU memory", "%", scale=100.0),
    Measure("temperature_celsius", "temperature", "°C"),
    Measure("gpu_percent", "GPU utilisation", "%", healthy_at_limit=True),
)


@dataclass(frozen=True)
class Limits:
    healthy: float
    overloaded: float


@dataclass(frozen=True)
class Thresholds:
    """One profile; `limits` has an entry for every name in MEASURES."""

    profile: str
    limits: Mapping[str, Limits]


@dataclass(frozen=True)
class Verdict:
    level: Level
    rule: str


def load_thresholds(path: Path | str | None = None, profile: str = "default") -> Thresholds:
    """Read one profile, completed by `default` where it is silent.

    Raises:
        ThresholdsError: no such file or profile, or limits that cannot be meant.
    """
    file = THRESHOLDS_FILE if path is None else Path(path)
    try:
        profiles = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ThresholdsError(f"{file} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ThresholdsError(f"{file} is not TOML: {error}.") from error
    for needed in ("default", profile):
        if not isinstance(profiles.get(needed), dict):
            raise ThresholdsError(
                f"{file} has no profile [{needed}]; it has: {', '.join(profiles) or 'none'}."
            )
    entries = {**profiles["default"], **profiles[profile]}
    known = [measure.name for measure in MEASURES]
    for name in entries:
        if name not in known:
            raise ThresholdsError(f"{file}: {name} is none of {', '.join(known)}.")
    for name in known:
        if name not in entries:
            raise ThresholdsError(f"{file}: [default] has no {name}.")
    limits = {measure.name: _limits(file, measure, entries[measure.name]) for measure in MEASURES}
    return Thresholds(profile, limits)


def _limits(file: Path, measure: Measure, entry: object) -> Limits:
    wanted = f"{file}: {measure.name} needs {{ healthy = number, overloaded = number }}"
    if not isinstance(entry, dict) or set(entry) != {"healthy", "overloaded"}:
        raise ThresholdsError(f"{wanted}.")
    for value in entry.values():
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise ThresholdsError(f"{wanted}.")
    limits = Limits(float(entry["healthy"]), float(entry["overloaded"]))
    if _worse(measure, limits.healthy, limits.overloaded):
        raise ThresholdsError(f"{file}: {measure.name} is overloaded before it is degraded.")
    return limits


def judge(
    thresholds: Thresholds,
    *,
    success_percent: float | None = None,
    gpu_percent: float | None = None,
    gpu_memory_ratio: float | None = None,
    temperature_celsius: float | None = None,
    queue_ms: float | None = None,
    infer_ms: float | None = None,
    e2e_ms: float | None = None,
    e2e_label: str = "",
) -> Verdict:
    """The worst level any known value reaches.

    Args:
        e2e_label: What kind of end-to-end time it is ("median", "p95"), for the rule's words.
    """
    values = {
        "success_percent": success_percent,
        "gpu_percent": gpu_percent,
        "gpu_memory_ratio": gpu_memory_ratio,
        "temperature_celsius": temperature_celsius,
        "queue_ms": queue_ms,
        "infer_ms": infer_ms,
        "e2e_ms": e2e_ms,
    }
    known = [
        (measure, value)
        for measure in MEASURES
        if (value := values[measure.name]) is not None and not math.isnan(value)
    ]
    if not known:
        return Verdict("unknown", "nothing was measured")
    for measure, value in known:
        limit = thresholds.limits[measure.name].overloaded
        if _worse(measure, value, limit):
            return Verdict("overloaded", _rule(measure, value, limit, e2e_label))
    for measure, value in known:
        limit = thresholds.limits[measure.name].healthy
        at_limit = value == limit and not measure.healthy_at_limit
        if _worse(measure, value, limit) or at_limit:
            return Verdict("degraded", _rule(measure, value, limit, e2e_label))
    return Verdict("healthy", "within every limit")


def _worse(measure: Measure, value: float, limit: float) -> bool:
    return value < limit if measure.higher_is_better else value > limit


def _rule(measure: Measure, value: float, limit: float, e2e_label: str) -> str:
    label = f"{e2e_label} {measure.label}" if measure.name == "e2e_ms" else measure.label
    shown, bound = value * measure.scale, limit * measure.scale
    sign = "<" if measure.higher_is_better else ">"
    if value == limit:
        sign = "≤" if measure.higher_is_better else "≥"
    limit_text = f"{bound:.4f}".rstrip("0").rstrip(".")
    value_text = truthful(shown, bound)
    return f"{label} {value_text} {measure.unit} {sign} {limit_text} {measure.unit}".lstrip()


def truthful(value: float, limit: float) -> str:
    """As few decimals as still leave the value on its side of the limit."""
    for decimals in range(MOST_DECIMALS):
        text = f"{value:.{decimals}f}"
        if (float(text) > limit) == (value > limit) and (float(text) < limit) == (value < limit):
            return text
    return f"{value:g}"
