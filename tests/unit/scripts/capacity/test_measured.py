"""What a plan takes from a run, and which runs it refuses."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from scripts.capacity.documents import read_summary
from scripts.capacity.errors import CannotSay, Unreadable
from tests.capacity_runs import (
    KNEE,
    NO_BREAK,
    document,
    failed_by,
    measured,
    on_a_gpu,
    stage,
)
from tests.processes import PROJECT


def test_the_knee_is_the_largest_number_that_was_carried() -> None:
    run = measured()
    assert (run.knee.cameras, run.broke_at, run.full) == (475, 500, "processors")
    assert [point.cameras for point in run.points] == [10, 25, 50, 100, 200, 400, 450, 475]
    assert (run.cores, run.workers, run.gpus) == (2, 2, 0)
    assert (run.gpu_s, run.gpu_w) == (None, None)


def test_a_frame_takes_of_the_processors_what_their_use_says_per_answer() -> None:
    knee = stage(document(), 475)
    used, per_s = knee["machine"]["cpu_percents"], knee["achieved_per_s"]
    found = measured().knee
    assert found.gateway_cpu_s == pytest.approx(used["gateway"] / 100 / per_s)
    assert found.triton_cpu_s == pytest.approx(used["triton"] / 100 / per_s)
    assert found.gateway_cpu_s == pytest.approx(0.00245, abs=5e-6)
    assert found.triton_cpu_s == pytest.approx(0.00448, abs=5e-6)


def test_what_nobody_of_ours_used_is_told_apart() -> None:
    run = measured()
    knee = run.knee
    ours = knee.gateway_cpu_s + knee.triton_cpu_s + (knee.generator_cpu_s or 0)
    assert run.other_cores + ours * knee.frames_per_s == pytest.approx(2 * 0.911)


def test_a_picture_weighs_more_as_base64() -> None:
    def base64(run: dict[str, Any]) -> None:
        run["configuration"]["camera"] = "base64"

    assert measured().frame_bytes == pytest.approx(2_021_669 / 64)
    assert measured(base64).frame_bytes == pytest.approx(2_021_669 / 64 * 4 / 3)


@pytest.mark.parametrize(
    ("cause", "host_percent", "full"),
    [
        ("compute", 95, "processors"),
        ("gateway_cpu", 95, "processors"),
        ("gateway_cpu", 60, "gateway_workers"),
        ("preprocessing", 60, "gateway_workers"),
        ("queue", 60, "triton_servers"),
    ],
)
def test_the_cause_says_what_was_full(cause: str, host_percent: float, full: str) -> None:
    assert measured(failed_by(cause, host_percent=host_percent)).full == full


@pytest.mark.parametrize("cause", ["compute", "gpu_power", "gpu_heat"])
def test_a_gpu_that_was_full_counts_in_seconds_and_watts(cause: str) -> None:
    run = measured(on_a_gpu(80.0, 300.0, count=2), failed_by(cause))
    assert run.full == "gpus"
    assert run.gpu_w == 150.0
    # The busiest of the two counts for both.
    assert run.gpu_s == pytest.approx(2 * 0.8 / run.knee.frames_per_s)


def test_power_that_was_not_recorded_stays_unknown() -> None:
    assert measured(on_a_gpu(80.0, None), failed_by("gpu_heat")).gpu_w is None


@pytest.mark.parametrize("cause", ["before_gateway", "unknown", "none"])
def test_a_run_that_failed_for_a_reason_no_machine_takes_away_is_refused(cause: str) -> None:
    with pytest.raises(CannotSay, match=rf"500 cameras were too many, but not .*\({cause}\)"):
        measured(failed_by(cause))


def test_a_run_whose_generator_was_the_limit_is_refused() -> None:
    with pytest.raises(CannotSay, match="load generator was the limit at 500 cameras"):
        measured(failed_by("generator"))


def test_a_generator_that_was_late_beyond_a_lower_bound_is_refused_too() -> None:
    def late(run: dict[str, Any]) -> None:
        stage(run, 200)["cause"]["code"] = "generator"

    with pytest.raises(CannotSay, match="at 200 cameras"):
        measured(late, folder=NO_BREAK)


def test_a_run_that_carried_nothing_is_refused() -> None:
    def nothing(run: dict[str, Any]) -> None:
        run["capacity"]["cameras"] = None

    with pytest.raises(CannotSay, match="carried no number of cameras"):
        measured(nothing)


def test_a_run_that_carried_its_baseline_alone_is_refused() -> None:
    def alone(run: dict[str, Any]) -> None:
        run["capacity"] |= {"cameras": 1, "fails_at": 10}
        stage(run, 10)["passed"] = False

    with pytest.raises(CannotSay, match="carried its baseline alone"):
        measured(alone)


def test_a_number_that_failed_and_is_not_among_the_stages_is_told() -> None:
    def elsewhere(run: dict[str, Any]) -> None:
        run["capacity"]["fails_at"] = 490

    with pytest.raises(CannotSay, match="no stage with the 490 cameras"):
        measured(elsewhere)


def test_a_burst_is_refused() -> None:
    def burst(run: dict[str, Any]) -> None:
        run["configuration"]["burst"] = True

    with pytest.raises(CannotSay, match="burst"):
        measured(burst)


@pytest.mark.parametrize("name", ["cpu_percents", "host_cpu_percent", "process_counts"])
def test_a_run_without_the_processors_use_is_refused(name: str) -> None:
    def unseen(run: dict[str, Any]) -> None:
        for one in run["stages"]:
            one["machine"][name] = None

    with pytest.raises(CannotSay, match="does not say what gateway and Triton took"):
        measured(unseen)


def test_without_a_breaking_point_it_is_a_lower_bound_and_says_so() -> None:
    run = measured(folder=NO_BREAK)
    assert (run.knee.cameras, run.broke_at, run.full) == (200, None, None)
    assert any("perhaps far too many" in note for note in run.notes)


def test_a_stage_that_was_not_steady_is_told() -> None:
    assert measured().notes == ("The stage that counts was not steady.",)


def test_what_other_programs_took_is_told() -> None:
    def busy(run: dict[str, Any]) -> None:
        used = stage(run, 475)["machine"]["cpu_percents"]
        used["gateway"] /= 2

    said = [note for note in measured(busy).notes if "Other programs" in note]
    # Half of the gateway's 58 % of a core, and 3 % that were others' before, of two cores.
    assert said == ["Other programs took 16 % of the processors: repeat it without them."]


def test_what_the_load_tester_may_write_can_be_read(tmp_path: Path) -> None:
    schema = json.loads((PROJECT / "docs/summary.schema.json").read_text())
    for changes in ((), (on_a_gpu(80.0, 300.0), failed_by("gpu_heat"))):
        made = document(*changes)
        jsonschema_rs.validate(schema, made)
        (tmp_path / "summary.json").write_text(json.dumps(made))
        assert read_summary(tmp_path).capacity is not None


def test_a_folder_and_its_summary_are_the_same() -> None:
    assert read_summary(KNEE) == read_summary(KNEE / "summary.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"schema_version": 1}', "has schema_version 1, and a plan needs version 2"),
        ('{"schema_version": 2}', "is no summary of a load test"),
        ("no JSON", "is no summary of a load test"),
    ],
)
def test_another_document_is_told_from_a_summary(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "summary.json"
    path.write_text(text)
    with pytest.raises(Unreadable, match=said):
        read_summary(path)


def test_a_folder_without_a_summary_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="cannot be read: No such file"):
        read_summary(tmp_path)
