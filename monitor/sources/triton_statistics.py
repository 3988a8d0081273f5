"""Triton's statistics: how many executions there were of each batch size, which /metrics lacks."""

import json
from collections.abc import Mapping

from monitor.counters import ModelKey
from monitor.sources.triton_metrics import url_with_path

# All models in one answer.
PATH = "/v2/models/stats"

BatchCounts = Mapping[ModelKey, Mapping[int, int]]


def statistics_url(text: str) -> str:
    """The address as given, with the path of the statistics where it names none.

    Raises:
        BadUrl: as for the metrics.
    """
    return url_with_path(text, PATH)


def parse(text: str) -> BatchCounts:
    """Executions so far by model and batch size.

    Raises:
        ValueError: not Triton's statistics.
    """
    try:
        return {
            ModelKey(model["name"], model["version"]): {
                int(entry["batch_size"]): int(entry["compute_infer"]["count"])
                for entry in model["batch_stats"]
            }
            for model in json.loads(text)["model_stats"]
        }
    except (KeyError, TypeError) as error:
        raise ValueError(f"no statistics: {error}") from error


def between(before: BatchCounts, after: BatchCounts) -> dict[int, int]:
    """Executions by batch size since the earlier reading, all models together."""
    executions: dict[int, int] = {}
    for key, now in after.items():
        earlier = before.get(key, {})
        # A model's counters start again together, so a single drop makes all of them new.
        if any(now.get(size, 0) < count for size, count in earlier.items()):
            earlier = {}
        for size, count in now.items():
            if added := count - earlier.get(size, 0):
                executions[size] = executions.get(size, 0) + added
    return dict(sorted(executions.items()))
