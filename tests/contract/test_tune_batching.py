"""`python -m scripts.tune_batching` with the real server and a model that costs nothing."""

import json
import signal
import sys
from pathlib import Path

import psutil
import pytest

from tests.model_repository import write_python
from tests.processes import Process, Session, Triton, wait_until

pytestmark = pytest.mark.triton

CONFIG = """\
# Sums its input.
max_batch_size: 4
input [ { name: "x", data_type: TYPE_FP32, dims: [ 3 ] } ]
output [ { name: "y", data_type: TYPE_FP32, dims: [ 1 ] } ]
instance_group [
  {
    kind: KIND_CPU
    count: 1
  }
]
dynamic_batching { max_queue_delay_microseconds: 0 }
"""
CODE = """
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def execute(self, requests):
        sums = [
            pb_utils.get_input_tensor_by_name(request, "x").as_numpy().sum(1, keepdims=True)
            for request in requests
        ]
        return [pb_utils.InferenceResponse([pb_utils.Tensor("y", total)]) for total in sums]
"""
# Two points, and both once more under the two loads that one frame makes.
QUICK = ("--in-flight", "1", "--seconds-per-point", "1", "--max-points", "2", "--rounds", "1")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    repository = tmp_path / "models"
    write_python(repository, "sums", CONFIG, CODE)
    return repository / "sums"


def tune(tmp_path: Path, model: Path, *arguments: str) -> Process:
    command = [
        *(sys.executable, "-m", "scripts.tune_batching"),
        *("--model", model.name, "--repository", str(model.parent)),
        *QUICK,
        *arguments,
    ]
    return Process(tmp_path / "tune", command, {})


def files_of(model: Path) -> dict[str, str]:
    return {
        path.relative_to(model).as_posix(): path.read_text()
        for path in model.rglob("*")
        if path.is_file()
    }


def test_the_winner_is_written_as_a_profile_that_triton_serves(tmp_path: Path, model: Path) -> None:
    before = files_of(model)
    figures = tmp_path / "figures.json"
    arguments = ("--instances", "2", "--name", "tuned", "--json", str(figures))
    process = tune(tmp_path, model, *arguments)
    assert process.popen.wait(100) == 0, process.output
    assert "Use it: FRAMEGATE_TRITON_CONFIG=tuned make up" in process.output

    after = files_of(model)
    written = after.pop("configs/tuned.pbtxt")
    assert after == before
    found = json.loads(figures.read_text())
    winner = found["winner"]
    begin = written.index("backend:")
    assert written.startswith("# Found by `make tune` on ")
    assert f"{found['machine']['cpu_cores']} cores" in written[:begin]
    count = f"count: {winner['instances']}"
    assert written[begin:] == before["config.pbtxt"].replace("count: 1", count)
    assert {point["instances"] for point in found["points"]} == {1, 2}
    for point in found["points"]:
        measured = point["measured"]
        assert measured["failed"] == 0
        assert measured["frames_per_s"] > 0
        assert 0 < measured["p50_ms"] <= measured["p95_ms"]
        assert measured["executions"].keys() == {"1"}
        assert measured["memory_bytes"] > 1_000_000

    settings = {
        "FRAMEGATE_TRITON_REPOSITORIES": str(model.parent),
        "FRAMEGATE_QUALITY_MODEL": model.name,
        "FRAMEGATE_TRITON_CONFIG": "tuned",
    }
    with Triton(tmp_path / "triton", **settings) as triton, Session() as session:
        served = session.get(f"{triton.url}/v2/models/sums/config", timeout=10).json()
        assert served["instance_group"][0]["count"] == winner["instances"]
        assert served["max_batch_size"] == winner["max_batch_size"] == 4
        rows = {"name": "x", "datatype": "FP32", "shape": [2, 3], "data": [[1, 2, 3], [4, 5, 6]]}
        assert triton.infer("sums", [rows]).json()["outputs"][0]["data"] == [6, 15]


def test_where_nothing_meets_the_objective_no_profile_is_written(
    tmp_path: Path, model: Path
) -> None:
    before = files_of(model)
    process = tune(tmp_path, model, "--objective-ms", "0.001", "--max-points", "1")
    assert process.popen.wait(100) == 2, process.output
    assert "Nothing has a p95 of 0.001 ms or less" in process.output
    assert "Nearest: instances 1, largest batch 4" in process.output
    assert files_of(model) == before


def test_ctrl_c_leaves_no_process_and_says_what_is_known(tmp_path: Path, model: Path) -> None:
    before = files_of(model)
    process = tune(tmp_path, model)
    try:
        wait_until(
            lambda: "left" in process.output, timeout_s=60, what="the first point is measured"
        )
        started = psutil.Process(process.popen.pid).children(recursive=True)
        assert started
        process.popen.send_signal(signal.SIGINT)
        assert process.popen.wait(30) == 130
    finally:
        process.stop()
    assert "Stopped by SIGINT; no profile is written." in process.output
    assert "Best: instances 1, largest batch 4" in process.output
    assert [one for one in started if one.is_running() and one.status() != "zombie"] == []
    assert files_of(model) == before


def test_a_model_that_triton_does_not_load_ends_it_with_triton_s_words(
    tmp_path: Path, model: Path
) -> None:
    (model / "1/model.py").write_text("raise RuntimeError('no weights here')\n")
    process = tune(tmp_path, model, "--dry-run")
    assert process.popen.wait(100) == 1
    assert "Triton did not serve sums" in process.output
    assert "no weights here" in process.output


def test_a_server_that_dies_ends_it_with_a_sentence(tmp_path: Path, model: Path) -> None:
    process = tune(tmp_path, model, "--dry-run")
    try:
        wait_until(
            lambda: "left" in process.output, timeout_s=60, what="the first point is measured"
        )
        started = psutil.Process(process.popen.pid).children(recursive=True)
        next(one for one in started if one.name() == "tritonserver").kill()
        assert process.popen.wait(60) == 1, process.output
    finally:
        process.stop()
    assert "Triton does not answer" in process.output
    assert "Traceback" not in process.output
