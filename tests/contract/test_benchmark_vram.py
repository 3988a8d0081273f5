"""`python -m scripts.benchmark_vram` with the real Triton and small stand-ins."""

import json
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from backend.enrichment.catalog import load
from backend.enrichment.memory.gpu import has_gpu
from scripts.zoo_models import standins
from tests.model_repository import write_python
from tests.processes import PROJECT, TOKEN, Process, Triton, wait_until

pytestmark = pytest.mark.triton

CATALOG = load()
MB = 2**20
# Those of the catalogue that hold least, in its order; pet-classifier is what a test makes of it.
OCR, PET, REID = "paddleocr", "pet-classifier", "osnet-x0-25"
CODE = """
import os
import numpy as np
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def initialize(self, args):
        {initialize}

    def execute(self, requests):
        {execute}
        outputs = [pb_utils.Tensor("logits", np.zeros((1, 2), np.float32))]
        return [pb_utils.InferenceResponse(outputs) for request in requests]
"""


def write_pet(repository: Path, *, initialize: str = "pass", execute: str = "pass") -> None:
    """A model that is no stand-in, with this in its code."""
    config = standins.files_of(CATALOG[PET], "cpu")["config.pbtxt"].decode()
    plain = config.replace('backend: "python"\n', "").replace("stand-in", "sha256:abc")
    write_python(repository, PET, plain, CODE.format(initialize=initialize, execute=execute))


def write_standin(repository: Path, name: str) -> None:
    standins.write(repository, name, standins.files_of(CATALOG[name], "cpu"))


class Benchmark:
    """One run, and the files that it writes."""

    def __init__(self, folder: Path, models: Sequence[str], *flags: str, **settings: str) -> None:
        self.report, self.json = folder / "report.md", folder / "report.json"
        named = [flag for name in models for flag in ("--model", name)]
        files = ["--report", str(self.report), "--json", str(self.json)]
        command = [sys.executable, "-m", "scripts.benchmark_vram", *named, *files, *flags]
        self.process = Process(folder / "benchmark", command, settings)

    def wait(self) -> int:
        try:
            return self.process.popen.wait(90)
        finally:
            self.process.stop()

    @property
    def output(self) -> str:
        return self.process.output

    def results(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in self.document()["results"]}

    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.json.read_text())["report"]
        return found


def test_two_stand_ins_are_measured_in_a_triton_of_its_own(tmp_path: Path) -> None:
    sizes = tmp_path / "zoo/measured.json"
    run = Benchmark(
        tmp_path,
        (OCR, REID),
        *("--repository", str(tmp_path / "models"), "--update-catalog", "--allow-stand-ins"),
        FRAMEGATE_ZOO_MEASUREMENTS=str(sizes),
    )
    wait_until(lambda: "Loading" in run.output, timeout_s=60, what="the first is measured")
    started = psutil.Process(run.process.popen.pid).children(recursive=True)
    assert run.wait() == 0, run.output
    assert psutil.wait_procs(started, timeout=10)[1] == []

    document, results = run.document(), run.results()
    assert document["available_bytes"] > 0
    assert list(results) == [OCR, REID]
    for one in results.values():
        assert one["weights"] == "stand-in"
        assert (one["success"], one["error"], one["left_bytes"]) == (True, None, 0)
        assert one["load_s"] > 0
        assert one["unload_s"] > 0
        assert one["largest_batch"] == 4
        if not has_gpu():
            assert 0.8 * 100 * MB <= one["loaded_bytes"] <= 100 * MB
            assert one["loaded_bytes"] <= one["batch_1_bytes"] <= one["largest_batch_bytes"]
            assert one["actual_bytes"] <= 100 * MB
    written = json.loads(sizes.read_text())
    assert {name: one["peak_bytes"] for name, one in written.items()} == {
        name: one["actual_bytes"] for name, one in results.items()
    }

    text = run.report.read_text()
    assert "**Stand-ins:** 2 of 2 models" in text
    rows = [line for line in text.splitlines() if line.startswith((f"| {OCR}", f"| {REID}"))]
    assert len(rows) == 4
    assert all("| stand-in " in row for row in rows)
    if not has_gpu():
        assert "**Source of the figures:** host memory of the models' processes" in text
        assert "No GPU detected" in run.output


def test_a_model_that_kills_triton_is_told_and_the_next_finds_a_new_one(tmp_path: Path) -> None:
    repository = tmp_path / "models"
    write_pet(repository, execute="os._exit(1)")
    run = Benchmark(tmp_path, (PET, REID), "--repository", str(repository))
    assert run.wait() == 1, run.output
    results = run.results()
    assert results[PET]["trouble"] in ("unreachable", "died"), run.output
    assert results[PET]["weights"] == "sha256:abc"
    assert results[PET]["loaded_bytes"] > 0 or has_gpu()
    assert results[REID]["success"]


def test_ctrl_c_leaves_no_process_and_writes_what_was_measured(tmp_path: Path) -> None:
    repository = tmp_path / "models"
    write_pet(repository, initialize="__import__('time').sleep(6)")
    run = Benchmark(tmp_path, (OCR, PET), "--repository", str(repository))
    try:
        wait_until(lambda: f"Loading {OCR}" in run.output, timeout_s=60, what="one is measured")
        started = psutil.Process(run.process.popen.pid).children(recursive=True)
        assert started
        run.process.popen.send_signal(signal.SIGINT)
        assert run.process.popen.wait(60) == 130, run.output
    finally:
        run.process.stop()
    assert "Stopped by SIGINT; nothing is left running." in run.output
    assert psutil.wait_procs(started, timeout=10)[1] == []
    assert list(run.results()) == [OCR]
    assert "The benchmark was ended after 1 of 2 models." in run.report.read_text()


@pytest.fixture(scope="module")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    """It has one good model, one that cannot be loaded, and lacks another."""
    repository = tmp_path_factory.mktemp("models")
    write_standin(repository, REID)
    write_pet(repository, initialize='raise RuntimeError("CUDA out of memory. Tried 2 GiB")')
    repositories = f"{PROJECT / 'triton_models'},{repository}"
    folder = tmp_path_factory.mktemp("triton")
    with Triton(folder, FRAMEGATE_TRITON_REPOSITORIES=repositories) as server:
        yield server


def measure_given(
    folder: Path, triton: Triton, *models: str, token: str = TOKEN
) -> tuple[int, Benchmark]:
    flags = ("--triton", f"127.0.0.1:{triton.grpc_port}", "--control-token-env", "THE_TOKEN")
    run = Benchmark(folder, models, *flags, THE_TOKEN=token)
    return run.wait(), run


def test_what_fails_in_a_running_triton_is_told_and_the_others_are_measured(
    tmp_path: Path, triton: Triton
) -> None:
    code, run = measure_given(tmp_path, triton, OCR, PET, REID)
    assert code == 1, run.output
    results = run.results()
    assert results[OCR]["error"] == "Model not found: no repository of this Triton has it."
    assert results[PET]["trouble"] == "out_of_memory"
    assert results[PET]["error"].startswith("Out of memory: RuntimeError: CUDA out of memory.")
    assert len(results[PET]["error"]) <= 100
    assert (results[REID]["success"], results[REID]["left_bytes"]) == (True, 0)
    text = run.report.read_text()
    assert "**Model not found** (paddleocr)" in text
    assert "**Out of memory** (pet-classifier)" in text
    assert triton.process.popen.poll() is None


def test_what_another_has_loaded_is_left_alone(tmp_path: Path, triton: Triton) -> None:
    assert triton.control("load", REID).status_code == 200
    try:
        code, run = measure_given(tmp_path, triton, REID)
        assert code == 1
        assert run.results()[REID]["trouble"] == "loaded"
        assert_loaded(triton, REID)
    finally:
        triton.control("unload", REID)


def assert_loaded(triton: Triton, name: str) -> None:
    processes = psutil.Process(triton.process.popen.pid).children(recursive=True)
    assert any(f"/{name}/1/" in part for process in processes for part in process.cmdline())


def test_a_wrong_token_ends_it_with_what_helps(tmp_path: Path, triton: Triton) -> None:
    code, run = measure_given(tmp_path, triton, REID, token="another")
    assert code == 1
    assert "Triton asks for another token" in run.output
    assert "--control-token-env" in run.output
    assert "Traceback" not in run.output
    assert not run.report.exists()
