"""The benchmarks from end to end, for a few seconds, and interrupted."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from benchmarks import pictures
from benchmarks.answers import judge_scores
from benchmarks.candidates import HttpCandidate
from benchmarks.lineup import raw_requests
from tests.processes import PROJECT, Gateway, Triton, environment, wait_until

pytestmark = pytest.mark.triton


def benchmark(*flags: str) -> "subprocess.Popen[str]":
    only = ("--model", "idle", "--only", "gateway")
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.gateway", *only, *flags],
        cwd=PROJECT,
        env=environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_one_short_round_writes_a_complete_report(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    with benchmark("--rounds", "1", "--seconds", "1", "--json", str(path)) as run:
        shown, progress = run.communicate(timeout=100)
    assert run.returncode == 0, progress
    assert "idle: 16 connections" in shown
    report = json.loads(path.read_text())
    assert report["machine"]["cpu_cores"] > 0
    assert report["versions"][".venv"]["gunicorn"]
    assert report["settings"]["rounds"] == 1
    assert report["decoding_ms"]["1280x720"]["this gateway"] > 0
    idle = report["models"]["idle"]
    result = idle["candidates"]["gateway"]
    for window in (*result["busy"], *result["alone"]):
        assert window["requests_per_s"] > 0
        assert window["p50_ms"] <= window["p95_ms"] <= window["p99_ms"]
        assert (window["errors"], window["wrong"]) == (0, 0)
        assert set(window["cpu_ms"]) == {"gateway", "triton", "models", "generator"}
    names = [target["name"] for target in idle["targets"]]
    assert names == ["gateway CPU per request", "errors and wrong answers, all candidates"]


def test_answers_of_another_picture_are_counted_as_wrong(triton: Triton, gateway: Gateway) -> None:
    assert len(pictures.files()) == len(set(pictures.files())) == 64
    candidate = HttpCandidate(
        name="gateway",
        title="gateway",
        port=gateway.port,
        requests=raw_requests(),
        judge=judge_scores([2.0] * len(raw_requests())),
        roots={"gateway": gateway.process.popen.pid, "triton": triton.process.popen.pid},
    )
    window = candidate.measure(4, 0.5)
    assert window.wrong == window.sent > 0
    assert (window.errors, window.requests_per_s) == (0, 0)


def test_an_interrupted_run_leaves_no_process_behind() -> None:
    with benchmark() as run:
        assert run.stderr is not None
        assert "warm-up" in run.stderr.readline()
        started = psutil.Process(run.pid).children(recursive=True)
        assert len(started) >= 5  # launcher, server, a model's process, gunicorn, a worker
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert said.endswith("Stopped by SIGINT; nothing is left running.\n")
    wait_until(lambda: not any(process.is_running() for process in started))
