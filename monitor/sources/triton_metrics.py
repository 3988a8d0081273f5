"""Triton's /metrics as a snapshot of its counters."""

import math
import re
from functools import lru_cache
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from monitor.counters import (
    COUNTER_FIELDS,
    FAILURES,
    PENDING,
    CounterKey,
    ModelCounters,
    ModelKey,
    Snapshot,
)
from monitor.sources.http import url_with_path

# A hundred models have fewer, twice over.
MOST_LINES = 4096


def metrics_url(text: str) -> str:
    """The address as given, with /metrics where it names no path.

    Raises:
        BadUrl: see `url_with_path`.
    """
    return url_with_path(text, "/metrics")


def parse(text: str, monotonic_s: float) -> Snapshot:
    """The counters of each model, summed over labels such as gpu_uuid.

    Raises:
        ValueError: not Prometheus text.
    """
    counters: dict[ModelKey, dict[CounterKey, float]] = {}
    pending: dict[ModelKey, float] = {}
    for line in text.splitlines():
        if not line or line.startswith("#") or (reading := _read(line)) is None:
            continue
        if reading.key.family == PENDING:
            pending[reading.model] = pending.get(reading.model, 0) + reading.value
        else:
            own = counters.setdefault(reading.model, {})
            own[reading.key] = own.get(reading.key, 0) + reading.value
    return Snapshot(
        monotonic_s,
        {
            model: ModelCounters(
                {key: round(value) for key, value in counters.get(model, {}).items()},
                round(pending[model]) if model in pending else None,
            )
            for model in counters.keys() | pending.keys()
        },
    )


class _Reading(NamedTuple):
    model: ModelKey
    key: CounterKey
    value: float


@lru_cache(maxsize=MOST_LINES)
def _read(line: str) -> _Reading | None:
    """One line; None where it tells nothing that is needed.

    Remembered, because reading is slow and most lines are as they were a second ago: of many
    models few are at work.
    """
    if _LINE.fullmatch(line) is None:
        raise ValueError(f"no metric: {line[:80]!r}")
    if not line.startswith(_WANTED):
        return None
    # Without its TYPE line a counter keeps its name; with it the parser would add _total.
    (family,) = text_string_to_metric_families(line + "\n")
    (sample,) = family.samples
    labels, value = sample.labels, sample.value
    if sample.name not in _FAMILIES or "model" not in labels or not math.isfinite(value):
        return None
    reason = labels.get("reason", "") if sample.name == FAILURES else None
    model = ModelKey(labels["model"], labels.get("version", ""))
    return _Reading(model, CounterKey(sample.name, reason), value)


_FAMILIES = frozenset({*COUNTER_FIELDS, FAILURES, PENDING})
_WANTED = tuple(_FAMILIES)
_LINE = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})?[ \t]+\S+([ \t]+-?\d+)?[ \t]*")
