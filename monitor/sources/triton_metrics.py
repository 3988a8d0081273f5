"""Triton's /metrics as a snapshot of its counters."""

import math

# Fast enough to need no parser of our own: 0.3 ms for a model, 45 ms once for the import.
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
    for family in text_string_to_metric_families(text):
        # The family's name: the parser adds _total to a counter's samples.
        if family.name not in COUNTER_FIELDS and family.name not in (FAILURES, PENDING):
            continue
        for sample in family.samples:
            if "model" not in sample.labels or not math.isfinite(sample.value):
                continue
            model = ModelKey(sample.labels["model"], sample.labels.get("version", ""))
            if family.name == PENDING:
                pending[model] = pending.get(model, 0) + sample.value
                continue
            reason = sample.labels.get("reason", "") if family.name == FAILURES else None
            key = CounterKey(family.name, reason)
            own = counters.setdefault(model, {})
            own[key] = own.get(key, 0) + sample.value
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
