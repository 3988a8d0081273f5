"""The monitor beside the real server and the real gateway."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from backend.web.api_keys import ApiKey, Scope, new_key, sha256
from monitor.output.recording import read
from monitor.sources.processes import find_root, read_tree
from tests.processes import PROJECT, Gateway, Triton, environment, wait_until

pytestmark = pytest.mark.triton
SENT = 200
# Of a model that is loaded: once for each instance, and the gateway's own tries.
WARM_UPS = 10


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


def test_the_sum_over_a_run_is_what_was_sent_to_the_last_one(
    triton: Triton, gateway: Gateway, pictures: Path, tmp_path: Path
) -> None:
    recording = tmp_path / "run.jsonl"
    command = [sys.executable, "-m", "monitor", "record", str(recording), "-i", "0.2"]
    command += ["--triton", triton.metrics_url, "--triton-http", triton.url]
    command += ["--gateway", gateway.url, "--watch", "off"]
    body = (pictures / "astronaut.jpg").read_bytes()
    with subprocess.Popen(command, cwd=PROJECT, env=environment({})) as monitor:
        try:
            wait_until(lambda: recording.exists() and b'"sample"' in recording.read_bytes())
            with ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda _: gateway.post(body), range(SENT)))
            wait_until(lambda: _gateway_requests(recording) >= SENT, what="all are counted")
        finally:
            monitor.terminate()
    assert {answer.status_code for answer in answers} == {200}
    samples = read(recording).samples
    assert sum(sample.deltas().inference_count or 0 for sample in samples) == SENT
    assert _gateway_requests(recording) == SENT
    assert sum(size * count for size, count in _executions(recording).items()) == SENT
    # Eight at a time for two instances: the gateway waits for Triton most of the time.
    stages = [sample.gateway.stage_ms for sample in samples if sample.gateway is not None]
    # Counters of several processes are not read at one moment: a stage may be an interval late.
    whole = [stage for stage in stages if {"triton", "decode"} <= stage.keys()]
    assert whole
    assert all(stage["triton"] > stage["decode"] > 0 for stage in whole)
    busy = [one.busy_ratio for sample in samples for one in sample.instances or ()]
    assert any(busy)
    # An execution that began before the interval is counted in it whole.
    assert all(ratio is not None and 0 <= ratio < 1.5 for ratio in busy)


def _gateway_requests(recording: Path) -> int:
    counted = [sample.gateway for sample in read(recording).samples]
    return sum(activity.request_count or 0 for activity in counted if activity is not None)


def test_a_triton_that_was_away_counts_anew_and_nothing_is_lost_or_doubled(
    tmp_path: Path, pictures: Path
) -> None:
    recording = tmp_path / "run.jsonl"
    body = (pictures / "astronaut.jpg").read_bytes()
    with Triton(tmp_path / "triton") as triton:
        command = [sys.executable, "-m", "monitor", "record", str(recording), "-i", "0.2"]
        command += ["--triton", triton.metrics_url, "--gateway", "off", "--watch", "off"]
        with (
            Gateway(tmp_path / "gateway", triton_port=triton.http_port) as gateway,
            subprocess.Popen(command, cwd=PROJECT, env=environment({})) as monitor,
        ):
            try:
                wait_until(lambda: recording.exists() and b'"sample"' in recording.read_bytes())
                for _ in range(5):
                    assert gateway.post(body).status_code == 200
                wait_until(lambda: _inferences(recording) == 5, what="five are counted")
                triton.stop()
                wait_until(lambda: read(recording).samples[-1].models is None, what="it is missed")
                triton.start()
                wait_until(lambda: gateway.post(body).status_code == 200, what="it is back")
                wait_until(lambda: bool(read(recording).samples[-1].models), what="it is seen")
            finally:
                monitor.terminate()
    samples = read(recording).samples
    assert any("triton" in sample.missing for sample in samples)
    # The new server's warm-up requests are its own, and fewer than what went before.
    assert 6 <= _inferences(recording) <= 6 + WARM_UPS


def _inferences(recording: Path) -> int:
    return sum(sample.deltas().inference_count or 0 for sample in read(recording).samples)


def test_a_guarded_gateway_tells_whoever_has_the_key(triton: Triton, tmp_path: Path) -> None:
    key = new_key()
    keys = tmp_path / "keys"
    keys.write_text(ApiKey("monitor", frozenset({Scope.METRICS}), sha256(key)).line + "\n")
    keys.chmod(0o600)
    settings = {"FRAMEGATE_API_KEYS_FILE": str(keys)}
    command = [sys.executable, "-m", "monitor", "--once", "--format", "json", "--watch", "off"]
    command += ["-i", "0.2", "--triton", triton.metrics_url]
    with Gateway(tmp_path / "gateway", triton_port=triton.http_port, **settings) as gateway:
        command += ["--gateway", gateway.url]
        told = _once(command, FRAMEGATE_MONITOR_API_KEY=key)
        refused = _once(command)
    assert told["gateway"]["request_count"] == 0
    assert refused["gateway"] is None
    assert refused["missing"]["gateway"].endswith("answered status 401: it asks for an API key")


def _once(command: list[str], **settings: str) -> dict[str, Any]:
    done = subprocess.run(
        command, cwd=PROJECT, env=environment(settings), capture_output=True, text=True, check=True
    )
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_the_gateway_s_root_is_gunicorn_s_parent(gateway: Gateway) -> None:
    root = find_root(gateway.port)
    assert root.pid == gateway.process.popen.pid
    assert len(read_tree(root)) == 3
