"""`python -m loadtest` as a process against a gateway that counts."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

BRISK = ("--think-time", "0.2", "--stage-duration", "1.5", "--warmup", "0", "--min-samples", "0")
WITHIN_S = 60.0
LOCUST = [str(Path(sys.executable).parent / "locust"), "-f", "loadtest/"]


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=WITHIN_S)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def read_summary(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return document


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def monitors_of(folder: Path) -> list[psutil.Process]:
    wanted = str(folder / "monitor.jsonl")
    return [p for p in processes() if wanted in p.info["cmdline"]]


def processes() -> Iterable[Any]:
    return (p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"])


def test_a_healthy_plan_passes_and_its_numbers_are_those_the_gateway_counted(
    start_gateway: Callable[..., Any], loadtest_process: Callable[..., Any], tmp_path: Path
) -> None:
    gateway = start_gateway()
    folder = tmp_path / "run"
    process = loadtest_process(
        "--host", gateway.url, "--stages", "4,8", "--run-dir", str(folder), "--no-monitor", *BRISK
    )
    code, out, _ = finish(process)
    document = read_summary(folder)

    assert code == 0, out
    assert document["pass"] is True
    assert document["totals"]["sent_with_warmups"] <= len(gateway.arrivals_s)
    # At the very end each user may have had one frame under way.
    assert document["totals"]["sent_with_warmups"] >= len(gateway.arrivals_s) - 8
    assert [stage["users"] for stage in document["stages"]] == [4, 8]
    for stage in document["stages"]:
        counted = gateway.arrivals_between(seconds(stage["started"]), seconds(stage["ended"]))
        # A frame sent in the last moment of a stage may arrive just after it.
        assert stage["requests"] == pytest.approx(counted, abs=2)
        assert stage["requests"] > 0
        assert stage["achieved_per_s"] == pytest.approx(stage["users"] / 0.2, rel=0.15)
        assert stage["offered_per_s"] == stage["users"] / 0.2
        assert stage["failed"] == 0
        assert stage["verdict"]["level"] == "healthy"
        assert stage["metrics"]["score"]["avg"] == pytest.approx(0.75)
        assert stage["metrics"]["triton"]["p50"] == pytest.approx(6.25)
        assert set(stage["machine"].values()) == {None}
    assert document["totals"]["requests"] == sum(s["requests"] for s in document["stages"])
    assert document["models"] == ["capture_quality/1/measures-v1"]
    assert len(gateway.pictures) >= 8
    assert sorted(path.name for path in folder.iterdir()) == [
        "report.html",
        "stages.csv",
        "summary.json",
        "timeseries.csv",
    ]
    assert "Successful: " in out
    assert "(100.0%)" in out
    assert "Passed: carries at least 8 cameras" in out


@pytest.mark.parametrize("processes_count", [1, 2])
def test_a_key_goes_to_the_gateway_and_nowhere_else(
    start_gateway: Callable[..., Any],
    loadtest_process: Callable[..., Any],
    tmp_path: Path,
    processes_count: int,
) -> None:
    key = "fg_key-of-the-load-tester"
    gateway = start_gateway()
    folder = tmp_path / "run"
    process = loadtest_process(
        *("4", "--host", gateway.url, "--run-dir", str(folder), "--loglevel=DEBUG", *BRISK),
        f"--processes={processes_count}",
        FRAMEGATE_LOADTEST_API_KEY=key,
    )
    gateway.wait_for_frames(4, within_s=WITHIN_S)
    arguments = [" ".join(running.info["cmdline"]) for running in processes()]
    code, out, err = finish(process)
    assert code == 0, out
    assert gateway.authorizations == {f"Bearer {key}"}
    assert len(list(folder.iterdir())) >= 4
    for text in (out, err, *arguments, *(path.read_text() for path in folder.iterdir())):
        assert key not in text


def test_without_a_key_no_header_is_sent(
    start_gateway: Callable[..., Any], loadtest_process: Callable[..., Any], tmp_path: Path
) -> None:
    gateway = start_gateway()
    folder = str(tmp_path / "run")
    process = loadtest_process("2", "--host", gateway.url, "--run-dir", folder, *BRISK)
    assert finish(process)[0] == 0
    assert gateway.authorizations == {None}


def test_answers_that_are_not_json_are_named_failures_and_the_objective_is_missed(
    start_gateway: Callable[..., Any], loadtest_process: Callable[..., Any], tmp_path: Path
) -> None:
    gateway = start_gateway(body=b"<html>200 but nonsense</html>")
    folder = tmp_path / "run"
    process = loadtest_process(
        "4", "--host", gateway.url, "--run-dir", str(folder), "--no-monitor", *BRISK
    )
    code, out, _ = finish(process)
    (stage,) = read_summary(folder)["stages"]

    assert code == 3, out
    assert stage["requests"] > 0
    assert stage["successful"] == 0
    assert stage["failures"] == {"200 but not JSON": stage["requests"]}
    assert stage["verdict"]["level"] == "overloaded"
    assert stage["metrics"]["response"]["p50"] is None
    assert "200 but not JSON" in out


def test_two_processes_report_the_samples_of_both(
    start_gateway: Callable[..., Any], loadtest_process: Callable[..., Any], tmp_path: Path
) -> None:
    gateway = start_gateway()
    folder = tmp_path / "run"
    process = loadtest_process(
        *("6", "--processes", "2", "--host", gateway.url),
        *("--run-dir", str(folder), "--no-monitor", *BRISK),
    )
    code, out, _ = finish(process)
    document = read_summary(folder)
    (stage,) = document["stages"]
    counted = gateway.arrivals_between(seconds(stage["started"]), seconds(stage["ended"]))

    assert code == 0, out
    assert document["configuration"]["processes"] == 2
    assert stage["requests"] == pytest.approx(counted, abs=2)
    assert stage["achieved_per_s"] == pytest.approx(6 / 0.2, rel=0.15)


def test_a_master_and_workers_that_are_started_apart_are_one_run(
    start_gateway: Callable[..., Any],
    loadtest_process: Callable[..., Any],
    closed_port: int,
    tmp_path: Path,
) -> None:
    """As on several machines: the workers know the master's address, and nothing of the run."""
    gateway = start_gateway()
    folder = tmp_path / "run"
    key = "fg_key-of-the-load-tester"
    workers = [
        loadtest_process("--worker", f"--master-port={closed_port}", program=LOCUST)
        for _ in range(2)
    ]
    master = loadtest_process(
        *("--headless", "--master", f"--master-bind-port={closed_port}", "--expect-workers=2"),
        *("--host", gateway.url, "--run-dir", str(folder), "--no-monitor", "--stages", "6", *BRISK),
        program=LOCUST,
        FRAMEGATE_LOADTEST_API_KEY=key,
    )
    code, out, err = finish(master)
    document = read_summary(folder)
    (stage,) = document["stages"]
    counted = gateway.arrivals_between(seconds(stage["started"]), seconds(stage["ended"]))

    assert code == 0, out + err
    assert document["configuration"]["processes"] == 2
    assert stage["requests"] == pytest.approx(counted, abs=2)
    assert gateway.authorizations == {f"Bearer {key}"}
    assert [finish(worker)[0] for worker in workers] == [0, 0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_half_way_keeps_what_was_measured_and_leaves_no_monitor(
    number: signal.Signals,
    start_gateway: Callable[..., Any],
    loadtest_process: Callable[..., Any],
    tmp_path: Path,
) -> None:
    gateway = start_gateway()
    folder = tmp_path / "run"
    process = loadtest_process(
        *("10", "--host", gateway.url, "--run-dir", str(folder)),
        *("--think-time", "0.2", "--stage-duration", "60", "--warmup", "0"),
    )
    gateway.wait_for_frames(200, within_s=WITHIN_S)
    assert len(monitors_of(folder)) == 1
    process.send_signal(number)
    code, out, _ = finish(process)
    document = read_summary(folder)
    (stage,) = document["stages"]

    assert code == 128 + number
    assert monitors_of(folder) == []
    assert document["pass"] is False
    assert document["outcome"] == "interrupted"
    assert stage["completed"] is False
    assert stage["requests"] > 0
    assert stage["verdict"]["level"] == "inconclusive"
    assert document["recording"]["samples"] > 0
    assert "Interrupted: 0 of 1 stages" in out


def test_an_unreachable_gateway_is_one_sentence_and_exit_code_1(
    loadtest_process: Callable[..., Any], closed_port: int, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    url = f"http://127.0.0.1:{closed_port}"
    code, out, err = finish(loadtest_process("--host", url, "--run-dir", str(folder)))

    assert code == 1
    assert out == ""
    assert err == f"Load test not started: no gateway answers at {url}: Connection refused.\n"
    assert not folder.exists()


def test_a_gateway_that_is_not_ready_gets_no_load(
    start_gateway: Callable[..., Any], loadtest_process: Callable[..., Any], tmp_path: Path
) -> None:
    gateway = start_gateway(health_status=503)
    code, _, err = finish(
        loadtest_process("--host", gateway.url, "--run-dir", str(tmp_path / "run"))
    )

    assert code == 1
    assert err == (
        f"Load test not started: the gateway at {gateway.url} is not ready: "
        "/health/ready answers 503.\n"
    )
    assert gateway.arrivals_s == []


@pytest.mark.parametrize("stages", ["", "0", "-5", "10,,20", "ten", "100001", "1.5"])
def test_stages_that_cannot_be_are_a_usage_error_before_anything_is_made(
    stages: str, loadtest_process: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    code, out, err = finish(loadtest_process(f"--stages={stages}", "--run-dir", str(folder)))

    assert code == 2
    assert out == ""
    assert "stages are whole numbers of users from 1 to 100000" in err
    assert not folder.exists()
