"""`python -m scripts.benchmark_lifecycle`, from flags to files."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from scripts import benchmark_lifecycle
from scripts.lifecycle.kinds import Kind
from tests.torch.embedded_triton import PROJECT
from tests.torch.lifecycle_models import tiny

TIMEOUT_S = 90


@contextlib.contextmanager
def started(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.benchmark_lifecycle", *arguments],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    too_late = threading.Timer(TIMEOUT_S, process.kill)
    too_late.start()
    try:
        yield process
    finally:
        too_late.cancel()
        process.kill()
        process.communicate()


def test_a_run_leaves_its_figures_a_report_and_a_chart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tiny(Kind.VISION, tmp_path / "my-vision")
    out = tmp_path / "report"
    arguments = f"--kind vision --way process --cycles 2 --models 7 --device cpu --out {out}"
    status = benchmark_lifecycle.main([*arguments.split(), "--model-dir", f"vision={model.folder}"])
    assert status == 0
    document = json.loads((out / "lifecycle.json").read_text())
    (one,) = document["lifecycles"]
    assert one["model"] == "my-vision"
    assert one["random_weights"] is False
    assert [load["cycle"] for load in one["loads"]] == [1, 2]
    assert document["versions"]["torch"]
    assert document["recommendations"]["memory"][0]["models"] == 7
    assert "| vision |" in (out / "lifecycle.md").read_text()
    assert (out / "lifecycle.svg").read_text().startswith("<svg")
    printed = capsys.readouterr().out
    assert "PyTorch: installed" in printed
    assert "[2/2] vision, process, cycle 2" in printed
    assert "What to do" in printed


def test_a_folder_that_holds_something_else_is_told_with_exit_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "nothing"}')
    arguments = f"--kind vision --way process --cycles 2 --out {tmp_path / 'out'}"
    status = benchmark_lifecycle.main([*arguments.split(), "--model-dir", f"vision={tmp_path}"])
    assert status == 1
    assert "vision was not measured: ValueError" in capsys.readouterr().out


def test_ctrl_c_ends_what_was_started_and_keeps_what_was_measured(tmp_path: Path) -> None:
    folders = [
        f"--model-dir={kind}={tiny(kind, tmp_path / kind).folder}"
        for kind in (Kind.EMBEDDING, Kind.VISION)
    ]
    kinds = ("--kind", "embedding", "--kind", "vision", "--way", "process", "--cycles", "9")
    with started(*kinds, *folders, "--out", str(tmp_path / "out")) as process:
        assert process.stdout is not None
        children: list[psutil.Process] = []
        for line in process.stdout:
            if line.startswith("[10/18]"):
                children = psutil.Process(process.pid).children(recursive=True)
                process.send_signal(signal.SIGINT)
                break
        assert len(children) == 2  # PyTorch's own, and the one that holds the model
        output, errors = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 130
    assert "Stopped by SIGINT" in errors
    assert "Traceback" not in errors
    assert not any(child.is_running() for child in children)
    document = json.loads((tmp_path / "out/lifecycle.json").read_text())
    assert document["stopped"] == "SIGINT"
    assert [one["kind"] for one in document["lifecycles"]] == ["embedding"]
    assert "Written to" in output
