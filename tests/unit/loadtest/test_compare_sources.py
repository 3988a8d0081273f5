import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest._compare._sources import BASELINES, baseline_names, read_run
from loadtest._errors import LoadtestError
from tests.processes import PROJECT
from tests.unit.loadtest.run_documents import as_version_1, run, stage


def written(tmp_path: Path, document: object) -> str:
    path = tmp_path / "summary.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return str(path)


def test_a_run_is_read_by_its_folder_or_its_file(tmp_path: Path) -> None:
    path = written(tmp_path, run(stage(users=50)))
    by_file, by_folder = read_run(path), read_run(str(tmp_path))
    assert by_file.stages == by_folder.stages
    (only,) = by_file.stages
    assert (only.users, only.kind, only.doubt) == (50, "stage", None)
    assert only.values["success_percent"].low == 100
    assert only.values["response_p95_ms"].interval is not None


def test_version_1_has_no_intervals_of_percentiles_and_one_kind_of_stage(tmp_path: Path) -> None:
    made = read_run(written(tmp_path, as_version_1(run(stage()))))
    (only,) = made.stages
    assert only.kind == "stage"
    assert only.values["response_p50_ms"].interval is None
    assert only.values["response_avg_ms"].interval is not None
    assert made.capacity is None


def test_a_kept_result_can_be_read() -> None:
    kept = read_run(str(PROJECT / "docs/results/2026-11-20-epyc-2-cores"))
    assert [stage.users for stage in kept.stages] == [10, 25, 50, 100, 200]


def test_what_is_not_needed_may_be_new_or_missing(tmp_path: Path) -> None:
    document = run(stage() | {"cause": {"code": "none"}}) | {"grade": {"level": "good"}}
    for name in ("payloads", "models", "hardware", "configuration"):
        del document[name]
    assert read_run(written(tmp_path, document)).setup == {}


def stage_without(name: str) -> dict[str, Any]:
    made = stage()
    del made[name]
    return made


@pytest.mark.parametrize(
    ("document", "mistake"),
    [
        ("{", "Invalid JSON"),
        ("", "Invalid JSON"),
        ("[" * 100_000, "Invalid JSON"),
        ("[]", "object"),
        ("{}", "schema_version"),
        (run(stage(), version=3), "schema_version 3, and 1 or 2 can be read"),
        (run(stage()) | {"schema_version": "2"}, "schema_version"),
        (run(stage()) | {"stages": None}, "stages"),
        (run(stage(users=-1, duration_s=1.0)), "stages.0.users"),
        (run(stage(users=1), stage_without("metrics")), "stages.1.metrics"),
        (run(stage(duration_s=-1)), "stages.0.duration_s"),
        (run(stage(duration_s="30")), "stages.0.duration_s"),
        (run(stage(duration_s=float("nan"))), "stages.0.duration_s"),
        (run(stage(offered_per_s=float("inf"))), "stages.0.offered_per_s"),
        (json.dumps(run(stage(offered_per_s=777))).replace("777", "1e999"), "offered_per_s"),
        (run(stage(successful=1_000_000)), "more successful requests than requests"),
        (run(stage(requests=10**400)), "stages.0.requests"),
        (run(capacity={"cameras": 1.5, "fails_at": None}), "capacity.cameras"),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(
    tmp_path: Path, document: object, mistake: str
) -> None:
    with pytest.raises(LoadtestError) as raised:
        read_run(written(tmp_path, document))
    sentence = str(raised.value)
    assert "summary.json" in sentence
    assert mistake in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_an_interval_that_does_not_hold_its_value_is_refused(tmp_path: Path) -> None:
    wrong = stage()
    wrong["metrics"]["response"]["p50_interval"] = [1.0, 2.0]
    with pytest.raises(LoadtestError, match="an interval does not hold its value"):
        read_run(written(tmp_path, run(wrong)))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(LoadtestError, match="cannot be compared"):
        read_run(str(path))


def test_what_is_not_there_is_said_with_what_is(tmp_path: Path) -> None:
    with pytest.raises(LoadtestError, match=r"baselines: rtx3060, rtx5090\.$"):
        read_run("rtx4090")
    with pytest.raises(LoadtestError, match=r"has no summary\.json"):
        read_run(str(tmp_path))
    with pytest.raises(LoadtestError, match="cannot be read"):
        read_run("x" * 5000)


@given(st.binary(max_size=60))
def test_no_bytes_bring_it_down(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(content)
    with pytest.raises(LoadtestError):
        read_run(str(path))


@pytest.mark.parametrize("name", baseline_names())
def test_a_baseline_says_what_it_is_and_whose(name: str) -> None:
    made = read_run(name)
    assert made.expected
    assert made.source is not None
    assert "not measurements of this project" in made.source
    assert made.notes
    assert made.name == name == json.loads((BASELINES / f"{name}.json").read_text())["name"]


def test_the_baseline_of_the_rtx_3060_has_its_plan() -> None:
    made = read_run("rtx3060")
    hundred = next(stage for stage in made.stages if stage.users == 100)
    p50 = hundred.values["response_p50_ms"]
    assert (p50.low, p50.high, p50.interval) == (350, 500, None)
    assert [stage.users for stage in made.stages] == [1, 10, 25, 50, 100, 200]
    assert made.capacity is not None
    assert made.capacity.cameras == 100


@pytest.mark.parametrize(
    ("expectation", "mistake"),
    [
        ({"users": 10, "respnse_ms": [1, 2]}, "respnse_ms"),
        ({"users": 10, "response_ms": [2, 1]}, "a range from more to less"),
        ({"users": 10, "response_ms": [None, 2]}, "response_ms"),
        ({"users": 10, "response_ms": [2]}, "response_ms"),
        ({"response_ms": [1, 2]}, "users"),
    ],
)
def test_a_baseline_is_read_strictly(tmp_path: Path, expectation: object, mistake: str) -> None:
    document = {
        "schema_version": 1,
        "kind": "baseline",
        "name": "own",
        "source": "mine",
        "stages": [expectation],
    }
    with pytest.raises(LoadtestError, match=mistake):
        read_run(written(tmp_path, document))
