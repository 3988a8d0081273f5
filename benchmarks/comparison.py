"""The course of a side-by-side run: model after model, measured, shown and kept for the report."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from benchmarks.figures import Target
from benchmarks.report import targets_as_json
from benchmarks.repository import DEFAULT_MODEL, IDLE_MODEL, MEASURING_MODEL
from benchmarks.rounds import Result
from benchmarks.tables import results_table, targets_table
from scripts._stack import say

MODELS = tuple(dict.fromkeys((IDLE_MODEL, MEASURING_MODEL, DEFAULT_MODEL)))


def compare(
    models: Iterable[str],
    measure: Callable[[str], Mapping[str, Result]],
    targets_of: Callable[[Mapping[str, Result], bool], list[Target]],
) -> tuple[dict[str, Any], list[Target]]:
    """The report's part on each model, and all targets.

    Args:
        targets_of: results, and whether speed is asked for: with another model its own work
            decides, not the gateway's.
    """
    report: dict[str, Any] = {}
    targets: list[Target] = []
    for model in models:
        results = measure(model)
        reached = targets_of(results, model == IDLE_MODEL)
        say(f"{results_table(results.values(), title=model)}\n\n{targets_table(reached)}\n")
        targets += reached
        report[model] = {
            "candidates": {name: dataclasses.asdict(one) for name, one in results.items()},
            "targets": targets_as_json(reached),
        }
    return report, targets
