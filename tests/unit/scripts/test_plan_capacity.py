"""python -m scripts.plan_capacity, on the runs that were recorded."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import plan_capacity
from tests.capacity_runs import KNEE, NO_BREAK, RECORDED, document, failed_by, on_a_gpu
from tests.processes import PROJECT


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = plan_capacity.main([*map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def gpu_run(tmp_path: Path) -> Path:
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(document(on_a_gpu(80.0, 300.0), failed_by("gpu_heat"))))
    return path


def test_a_table_says_hosts_processes_and_what_gets_full(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = call(capsys, KNEE, "--cameras", 1000, "--spare", 1)
    assert (code, err) == (0, "")
    assert "1,000 cameras at one frame per 2 s are 500 frames/s." in out
    assert "Computed, not measured." in out
    # 625/s × 2.45 ms ÷ 0.911 ÷ 2 cores is 0.84, × 4.48 ms 1.54; and a spare one of each.
    rows = {line.split("  ")[0]: line.split() for line in out.splitlines()}
    assert rows["gateway hosts"][2:4] == ["2", "1"]
    assert rows["Triton hosts"][2:4] == ["3", "1"]
    assert "Power: not measured" in out
    assert "processors at 500 cameras; next: gateway workers at 1,144." in out
    assert "First full in the plan: processors of the gateway hosts at" in out


def test_the_arithmetic_is_shown_where_it_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plain = call(capsys, KNEE, "--cameras", 1000)[1]
    explained = call(capsys, KNEE, "--cameras", 1000, "--explain")[1]
    division = "processors: 625/s × 4.48 ms ÷ 0.911 = 3.07; each host has 2"
    assert division in explained
    assert division not in plain
    assert explained.startswith(plain.split("\n\nNote:")[0])


def test_a_program_gets_the_same_as_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, KNEE, "--cameras", 1000, "--json")
    found = json.loads(out)
    assert code == 0
    assert [tier["hosts"] for tier in found["plan"]["tiers"]] == [1, 2]
    assert found["plan"]["gpu_w"] is None
    assert found["wish"]["frame_bytes"] == pytest.approx(31_589, abs=1)
    limit = found["law"]["limits"]["processors"]
    assert (limit["origin"], limit["ratio"]) == ("knee", pytest.approx(0.911))
    assert found["full"][0]["what"] == "processors"


def test_watts_are_those_of_the_recording(
    capsys: pytest.CaptureFixture[str], gpu_run: Path
) -> None:
    # 2,000 cameras are 1,250/s with headroom, and one GPU carried 237/s: 6 of them.
    out = call(capsys, gpu_run, "--cameras", 2000, "--host-cores", 64)[1]
    assert "Triton servers: 6. GPUs: 6." in out
    assert "Power: 1,800 W of GPUs" in out
    assert "First full in the plan: GPUs of the Triton hosts" in out


def test_without_a_breaking_point_nothing_is_said_of_what_gets_full(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = call(capsys, NO_BREAK, "--cameras", 1000)
    assert code == 0
    assert "What gets full first cannot be said: no run has a breaking point." in out
    assert "No number of cameras was too many" in out
    assert "First full" not in out


def test_what_was_merely_shown_to_do_is_not_said_to_be_next(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(document(failed_by("queue"))))
    out = call(capsys, path, "--cameras", 1000)[1]
    assert "Triton servers at 500 cameras; next: gateway workers at 1,144." in out


def test_doubts_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--cameras", 1000, "--host-cores", 32, "--frame-bytes", 200_000)
    out = call(capsys, KNEE, *arguments)[1]
    assert "That 32 do as much each is assumed" in out
    assert "larger frames take longer to decode" in out
    assert "does not show what sending pixels to another one takes" in out
    assert "no run has filled gateway workers" in out
    assert "connections ask for so many" not in out
    out = call(capsys, KNEE, "--cameras", 10_000, "--interval", 5)[1]
    assert "connections ask for so many gateway workers, at 1,000 each" in out


def test_a_recorded_run_is_predicted_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, KNEE, "--check", KNEE)
    assert code == 0
    assert "predicted: 475 cameras; full: processors at 475" in out
    assert "measured:  475 cameras, 500 were too many; full: processors." in out
    found = json.loads(call(capsys, KNEE, "--check", KNEE, "--json")[1])
    assert found["prediction"]["first"] == "processors"


def test_a_run_with_other_models_is_not_predicted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(document(lambda run: run.update(models=["other/1/v"]))))
    code, _, err = call(capsys, KNEE, "--check", path)
    assert (code, err) == (4, "The runs measured different models: plan by each alone.\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("missing",), 1, "cannot be read"),
        ((RECORDED.parent / "2026-11-20-epyc-2-cores",), 1, "has schema_version 1"),
        ((KNEE, NO_BREAK, "--host-gpus", 0), 0, ""),
    ],
)
def test_exit_codes(
    arguments: tuple[object, ...], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, out, err = call(capsys, *arguments, "--cameras", 10)
    assert found == code
    assert said in err
    assert bool(out) == (code == 0)


def test_what_a_run_does_not_show_is_refused_with_code_4(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, gpu_run: Path
) -> None:
    path = tmp_path / "late.json"
    path.write_text(json.dumps(document(failed_by("generator"))))
    code, out, err = call(capsys, path, "--cameras", 10)
    assert (code, out) == (4, "")
    assert "the load generator was the limit" in err
    code, _, err = call(capsys, gpu_run, "--cameras", 10, "--host-gpus", 0)
    assert (code, err) == (4, "The run computed on a GPU, and the plan's hosts have none.\n")
    code, _, err = call(capsys, KNEE, "--check", NO_BREAK)
    assert (code, err) == (4, "To compare them, both runs must have a breaking point.\n")


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = [sys.executable, "-m", "scripts.plan_capacity", str(KNEE), "--cameras", "1000"]
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run(
            command, cwd=PROJECT, stdout=closed, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")
