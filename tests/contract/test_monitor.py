"""The monitor beside the real server and the real gateway."""

import subprocess
import sys
from pathlib import Path

import pytest

from monitor.output.recording import read
from monitor.sources.processes import find_root, read_tree
from tests.processes import PROJECT, Gateway, Triton, environment, wait_until

pytestmark = pytest.mark.triton


def test_processes_and_batch_sizes_are_recorded_beside_the_requests(
    triton: Triton, gateway: Gateway, pictures: Path, tmp_path: Path
) -> None:
    recording = tmp_path / "run.jsonl"
    command = [sys.executable, "-m", "monitor", "record", str(recording), "-i", "0.2"]
    command += ["--triton", triton.metrics_url, "--triton-http", triton.url]
    command += ["--watch", f"gateway={gateway.port}", "--watch", f"triton={triton.http_port}"]
    body = (pictures / "astronaut.jpg").read_bytes()
    with subprocess.Popen(command, cwd=PROJECT, env=environment({})) as monitor:
        try:
            wait_until(lambda: recording.exists() and b'"sample"' in recording.read_bytes())
            for _ in range(20):
                assert gateway.post(body).status_code == 200
            wait_until(lambda: sum(_executions(recording).values()) >= 20, what="20 executions")
        finally:
            monitor.terminate()
    samples = read(recording).samples
    # One caller sends one frame at a time.
    assert _executions(recording) == {1: 20}
    last = {reading.role: reading for reading in samples[-1].processes}
    # gunicorn and two workers; the server and a process for each of the model's two instances.
    assert (last["gateway"].count, last["triton"].count) == (3, 3)
    for role in ("gateway", "triton"):
        percents = [
            reading.cpu_percent
            for sample in samples[1:]
            for reading in sample.processes
            if reading.role == role
        ]
        assert None not in percents
        assert any(percents)


def _executions(recording: Path) -> dict[int, int]:
    executions: dict[int, int] = {}
    for sample in read(recording).samples:
        for size, count in (sample.batch_sizes or {}).items():
            executions[size] = executions.get(size, 0) + count
    return executions


def test_the_gateway_s_root_is_gunicorn_s_parent(gateway: Gateway) -> None:
    root = find_root(gateway.port)
    assert root.pid == gateway.process.popen.pid
    assert len(read_tree(root)) == 3
