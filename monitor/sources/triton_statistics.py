"""Triton's statistics: sizes of batches and how long instances computed; /metrics lacks both."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from monitor.counters import ModelKey
from monitor.sources.http import url_with_path

# All models in one answer.
PATH = "/v2/models/stats"


@dataclass(frozen=True)
class ModelStatistics:
    """Of one model since it was loaded.

    Attributes:
        executions: By the inferences in each.
        busy_us: How long its instances computed, all together.
    """

    executions: Mapping[int, int]
    busy_us: int


Statistics = Mapping[ModelKey, ModelStatistics]


def statistics_url(text: str) -> str:
    """The address as given, with the path of the statistics where it names none.

    Raises:
        BadUrl: as for the metrics.
    """
    return url_with_path(text, PATH)


def parse(text: str) -> Statistics:
    """Every model's.

    Raises:
        ValueError: not Triton's statistics.
    """
    try:
        return {
            ModelKey(model["name"], model["version"]): ModelStatistics(
                {
                    int(entry["batch_size"]): int(entry["compute_infer"]["count"])
                    for entry in model["batch_stats"]
                },
                # Each batch is counted once here, not once for every request in it.
                sum(
                    int(entry[step]["ns"])
                    for entry in model["batch_stats"]
                    for step in ("compute_input", "compute_infer", "compute_output")
                )
                // 1000,
            )
            for model in json.loads(text)["model_stats"]
        }
    except (KeyError, TypeError) as error:
        raise ValueError(f"no statistics: {error}") from error


def between(before: Statistics, after: Statistics) -> Statistics:
    """What each model of the later reading did since the earlier one."""
    return {key: _since(before.get(key), now) for key, now in after.items()}


def _since(before: ModelStatistics | None, now: ModelStatistics) -> ModelStatistics:
    earlier = before.executions if before is not None else {}
    busy_us = before.busy_us if before is not None else 0
    # A model's counters start again together, so a single drop makes all of them new.
    if any(now.executions.get(size, 0) < count for size, count in earlier.items()):
        earlier, busy_us = {}, 0
    added = {size: count - earlier.get(size, 0) for size, count in now.executions.items()}
    return ModelStatistics(
        {size: count for size, count in added.items() if count}, max(0, now.busy_us - busy_us)
    )


def batch_sizes(statistics: Statistics) -> dict[int, int]:
    """Executions by batch size, all models together."""
    executions: dict[int, int] = {}
    for model in statistics.values():
        for size, count in model.executions.items():
            executions[size] = executions.get(size, 0) + count
    return dict(sorted(executions.items()))
