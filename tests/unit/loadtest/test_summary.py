"""The run as JSON and CSV, and the schema that the JSON is held against."""

import copy
import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from loadtest._analysis._findings import Breakdown
from loadtest._analysis._machine import MachineReading, Recording
from loadtest._analysis._stages import Moment
from loadtest._analysis._verdicts import all_met
from loadtest._report._data import RunReport
from loadtest._report._stage_document import breakdown_document, stage_row
from loadtest._report._summary import (
    STAGES_COLUMNS,
    stages_csv,
    summary_document,
    timeseries_csv,
    to_json,
)
from loadtest._report._timeseries import COLUMNS as TIMESERIES_COLUMNS
from tests.processes import PROJECT
from tests.unit.loadtest.made_reports import (
    HOSTILE,
    MET,
    MISSED,
    UNSAID,
    full_report,
    full_stage,
    report,
    stage,
)

SCHEMA = json.loads((PROJECT / "docs/summary.schema.json").read_text())
RUN_FOLDER = PROJECT / "docs/run-folder.md"
# Keys there are data, not names.
FREE = {"failures", "versions", "batch_sizes", "cpu_percents", "process_counts"}
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA, validate_formats=True)

Steps = tuple[str | int, ...]


def document(made: RunReport) -> Any:
    return json.loads(to_json(summary_document(made)))


def objects(value: Any, path: Steps = ()) -> Iterator[Steps]:
    """The way to every object with fixed keys; of a list its first element stands for all."""
    if isinstance(value, dict) and not (path and path[-1] in FREE):
        yield path
        for key, inner in value.items():
            yield from objects(inner, (*path, key))
    elif isinstance(value, list) and value:
        yield from objects(value[0], (*path, 0))


def at(value: Any, path: Steps) -> Any:
    for step in path:
        value = value[step]
    return value


FULL = document(full_report())
PATHS = list(objects(FULL))
KEYS = [(path, key) for path in PATHS for key in at(FULL, path)]


def dotted(value: object) -> str:
    return ".".join(map(str, value)) if isinstance(value, tuple) else str(value)


def test_the_schema_is_one() -> None:
    jsonschema_rs.meta.validate(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize(
    "made",
    [
        full_report(),
        report(),
        report([], outcome="interrupted", exit_code=130, timeline=[], recording=Recording()),
        report([stage(0, 10, "healthy", objectives=[MET, UNSAID])], outcome="passed", exit_code=0),
    ],
    ids=["everything known", "little known", "nothing measured", "passed"],
)
def test_documents_keep_to_the_schema(made: RunReport) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(document(made))] == []


@pytest.mark.parametrize("path", PATHS, ids=dotted)
def test_the_schema_refuses_a_key_it_does_not_know(path: Steps) -> None:
    changed = copy.deepcopy(FULL)
    at(changed, path)["stray"] = None
    assert not VALIDATOR.is_valid(changed)


@pytest.mark.parametrize(("path", "key"), KEYS, ids=dotted)
def test_the_schema_refuses_a_document_that_lacks_a_key(path: Steps, key: str) -> None:
    changed = copy.deepcopy(FULL)
    del at(changed, path)[key]
    assert not VALIDATOR.is_valid(changed)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema_version",), 1),
        (("started",), "yesterday"),
        (("outcome",), "great"),
        (("stages", 0, "kind"), "warmup"),
        (("stages", 0, "requests"), -1),
        (("stages", 0, "cause", "code"), "moon"),
        (("stages", 0, "machine", "batch_sizes"), {"four": 1}),
        (("stages", 0, "machine", "gpu_memory_ratio"), 25.0),
        (("payloads", "sha256"), "abc"),
    ],
    ids=dotted,
)
def test_the_schema_refuses_values_that_cannot_be(path: Steps, value: object) -> None:
    changed = copy.deepcopy(FULL)
    at(changed, path[:-1])[path[-1]] = value
    assert not VALIDATOR.is_valid(changed)


def test_unknown_values_are_null() -> None:
    made = document(report())
    first, second = made["stages"]
    assert made["schema_version"] == 2
    assert made["pass"] is False
    assert (made["capacity"], made["grade"]) == (None, None)
    assert made["seeds"] == {"payloads": 0, "phases": 0}
    assert made["payloads"]["sha256"] == "ab" * 32
    assert first["metrics"]["response"]["p95"] == 20.0
    assert first["metrics"]["response"]["p99"] is None
    assert set(first["machine"].values()) == {None}
    assert {first[name] for name in ("cause", "breakdown", "steadiness", "law")} == {None}
    assert second["verdict"] == {
        "level": "overloaded",
        "rule": HOSTILE,
        "judged_on": "success and p95: 140 samples",
    }
    assert first["started"] == "1970-01-01T00:16:50.000+00:00"


def test_findings_are_in_the_document() -> None:
    made = document(full_report())
    assert [one["kind"] for one in made["stages"]] == [
        *("baseline", "stage", "search", "burst", "recovery")
    ]
    first = made["stages"][0]
    assert first["objectives"][0]["met"] is False
    assert first["cause"]["advice"] == ["make tune", "second"]
    assert first["law"]["expected_users"] == 31.0
    assert first["steadiness"]["latency_ratio"] == 1.31
    assert first["breakdown"] == {
        "total_ms": 100.0,
        "inference_ms": 20.0,
        "queue_ms": 60.0,
        "preprocessing_ms": 5.0,
        "network_and_gateway_ms": 15.0,
        "percents": {
            "inference": 20.0,
            "queue": 60.0,
            "preprocessing": 5.0,
            "network_and_gateway": 15.0,
        },
    }
    assert first["machine"]["batch_sizes"] == {"1": 5, "8": 30}
    assert first["machine"]["cpu_percents"] == {"gateway": 150.0, "triton": 45.0}
    assert first["machine"]["inferences_per_joule"] == 0.5
    assert made["capacity"]["cameras"] == 74
    assert made["grade"]["level"] == "marginal"


def test_a_queue_that_is_not_known_has_no_share() -> None:
    made = breakdown_document(Breakdown(100.0, 80.0, None, 5.0, 15.0))
    assert made is not None
    assert made["percents"]["queue"] is None
    assert made["percents"]["inference"] == 80.0


@pytest.mark.parametrize(
    ("objectives", "met"),
    [
        ([], None),
        ([MET], True),
        ([MET, UNSAID], None),
        ([UNSAID, MISSED], False),
    ],
)
def test_objectives_of_a_stage_are_met_together(objectives: list[Any], met: bool | None) -> None:
    assert all_met(objectives) is met


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_stages_csv_has_a_row_for_every_stage() -> None:
    rows = read_csv(stages_csv(report()))
    assert [(row["users"], row["verdict"], row["response_p95_ms"]) for row in rows] == [
        ("10", "healthy", "20.0"),
        ("25", "overloaded", "1500.0"),
    ]
    assert {rows[0][name] for name in ("gpu_percent", "steady", "cause", "queue_part_ms")} == {""}
    assert rows[1]["rule"] == HOSTILE


def test_stages_csv_has_the_findings() -> None:
    row = read_csv(stages_csv(full_report()))[3]
    expected = {
        "kind": "burst",
        "cause": "queue",
        "cause_sentence": "frames wait for Triton",
        "steady": "false",
        "law_holds": "false",
        "objectives_met": "false",
        "queue_part_ms": "60.0",
        "pending_peak": "34",
        "inferences_per_joule": "0.5",
        "gateway_cpu_percent": "150.0",
        "triton_cpu_percent": "45.0",
        "queue_ms": "310.0",
    }
    assert {name: row[name] for name in expected} == expected


def test_the_columns_are_those_of_a_row() -> None:
    assert tuple(stage_row(full_stage())) == STAGES_COLUMNS
    assert stages_csv(report([])) == ",".join(STAGES_COLUMNS) + "\n"


def test_timeseries_has_a_row_for_every_second() -> None:
    reading = MachineReading(
        1_015.4,
        queue_ms=3.0,
        infer_ms=4.0,
        mean_batch=1.5,
        gpu_percent=40.0,
        pending=7,
        cpu_percents={"gateway": 55.0},
    )
    rows = read_csv(timeseries_csv(report(recording=Recording((reading,)))))
    assert len(rows) == 60
    assert tuple(rows[0]) == TIMESERIES_COLUMNS
    assert [(row["elapsed_s"], row["users"], row["phase"]) for row in rows[9:11]] == [
        ("9", "10", "ramp"),
        ("10", "10", "dwell"),
    ]
    assert (rows[30]["users"], rows[30]["phase"]) == ("25", "ramp")
    seen = rows[15]
    assert seen["time"] == "1970-01-01T00:16:55.000+00:00"
    assert (seen["requests"], seen["failures"], seen["response_p50_ms"]) == ("1", "0", "20.0")
    assert seen["response_p95_ms"] == ""
    assert (seen["queue_ms"], seen["pending"], seen["gpu_percent"]) == ("3.0", "7", "40.0")
    assert (seen["gateway_cpu_percent"], seen["triton_cpu_percent"]) == ("55.0", "")
    assert rows[14]["queue_ms"] == rows[16]["queue_ms"] == ""


def test_a_second_outside_every_stage_says_so() -> None:
    late = Moment(1_100.5, 4.0, 2.0, 9.0, 11.0)
    (row,) = read_csv(timeseries_csv(report(timeline=[late])))
    assert (row["elapsed_s"], row["users"], row["kind"], row["phase"]) == ("100", "", "", "")
    assert (row["requests"], row["failures"], row["response_p95_ms"]) == ("4", "2", "11.0")


def test_every_column_and_every_key_of_a_run_and_a_stage_is_described() -> None:
    text = RUN_FOLDER.read_text()
    names = {*STAGES_COLUMNS, *TIMESERIES_COLUMNS, *FULL, *FULL["stages"][0]}
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_the_paths_of_the_schema_test_reach_everything() -> None:
    assert len(PATHS) > 20
    assert ("stages", 0, "metrics", "response") in PATHS
