"""`make bench-zoo` from end to end, small, and interrupted."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.processes import PROJECT, environment, wait_until

pytestmark = pytest.mark.triton

SMALL = ("--model", "osnet-x0-25", "--model", "paddleocr", "--budget-mb", "150")


def benchmark(*flags: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.zoo", *SMALL, *flags],
        cwd=PROJECT,
        env=environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def values(part: dict[str, Any]) -> dict[str, float | None]:
    return {target["name"]: target["value"] for target in part["targets"]}


def test_a_small_run_of_every_part_writes_a_complete_report(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    stress = ("--operations", "40", "--clients", "4", "--fault", "worker", "--limit-s", "20")
    others = ("--cycles", "5", "--pairs", "1", "--swaps", "1", "--requests", "5")
    with benchmark(*stress, *others, "--json", str(path)) as run:
        shown, progress = run.communicate(timeout=100)
    assert run.returncode == 0, progress
    parts = json.loads(path.read_text())["parts"]
    assert set(parts) == {"leases", "tour", "resident", "cycles", "stress"}
    assert parts["leases"]["alone_p50_us"] > 0
    assert [one["status"] for one in parts["tour"]["models"]] == [200, 200]
    assert {one["weights"] for one in parts["tour"]["models"]} == {"stand-in"}
    assert len(parts["resident"]["ms"]["osnet-x0-25"]["Triton alone"]) == 5
    assert len(parts["cycles"]["memory_mb"]) == 5
    verdict = parts["stress"]["verdict"]
    assert verdict["answers"] == parts["stress"]["asked"] > 0
    assert [healing["fault"] for healing in verdict["healings"]] == ["the zoo's worker"]
    found = values(parts["stress"])
    for name in (
        "requests without exactly one answer",
        "answers wrong, late, lost or refused without cause",
        "models evicted while leased",
        "time over the budget",
        "not settled at the end",
    ):
        assert found[name] == 0, shown
    most_mb = found["most memory of all models"]
    assert most_mb is not None
    assert 80 < most_mb <= 150


def test_an_interrupted_run_leaves_nothing_behind() -> None:
    with benchmark("--only", "tour") as run:
        assert run.stderr is not None
        while "tour: " not in run.stderr.readline():
            pass
        started = psutil.Process(run.pid).children(recursive=True)
        assert len(started) >= 8  # make up, launcher, Triton, its models, two gunicorns, sampler
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert said.endswith("Stopped by SIGINT; nothing is left running.\n")
    wait_until(lambda: not any(process.is_running() for process in started))
