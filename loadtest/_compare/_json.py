"""A comparison for programs. What is unknown, or has no end, is null."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from loadtest._compare._comparison import CapacityChange, Change, Comparison
from loadtest._compare._runs import Run, Stage
from loadtest._compare._values import Value
from loadtest._compare._words import differences, sentences
from loadtest._errors import EXIT_OBJECTIVE_MISSED

SCHEMA_VERSION = 1


def to_json(made: Comparison) -> str:
    document = {
        "schema_version": SCHEMA_VERSION,
        "kind": "comparison",
        "regression": made.exit_code == EXIT_OBJECTIVE_MISSED,
        "exit_code": made.exit_code,
        "tolerance_percent": made.tolerance_percent,
        "a": _run(made.a),
        "b": _run(made.b),
        "differences": differences(made),
        "sentences": list(sentences(made)),
        "capacity": None if made.capacity is None else _capacity(made.capacity),
        "stages": [
            {
                "kind": stage.kind,
                "users": stage.users,
                "not_judged_because": stage.doubt,
                "figures": {change.figure.name: _change(change) for change in stage.changes},
            }
            for stage in made.stages
        ],
        "only_in_a": _names(made.only_in_a),
        "only_in_b": _names(made.only_in_b),
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _run(run: Run) -> dict[str, Any]:
    return {"name": run.name, "source": run.source, "notes": list(run.notes)}


def _names(stages: Sequence[Stage]) -> list[dict[str, Any]]:
    return [{"kind": stage.kind, "users": stage.users} for stage in stages]


def _capacity(change: CapacityChange) -> dict[str, Any]:
    return {
        "a": asdict(change.a),
        "b": asdict(change.b),
        "percent": change.percent,
        "outcome": change.outcome,
    }


def _change(change: Change) -> dict[str, Any]:
    made = change.difference
    return {
        "unit": change.figure.unit,
        "a": _value(change.a),
        "b": _value(change.b),
        "difference": None if made is None else made.amount,
        "difference_interval": None if made is None else made.interval,
        "percent": None if made is None else made.percent,
        "percent_interval": None if made is None else made.percent_interval,
        "outcome": change.outcome,
    }


def _value(value: Value | None) -> dict[str, Any] | None:
    if value is None:
        return None
    if value.expected:
        return {"expected": [value.low, None if math.isinf(value.high) else value.high]}
    return {"measured": value.low, "interval": value.interval}
