"""`locust -f loadtest/` with its web page: a run started there, and who can reach the page."""

import json
import signal
import sys
from pathlib import Path

import psutil
import pytest

from loadtest._load._payloads import bodies, sha256_of_set
from loadtest._options import Camera
from tests.processes import Gateway, Process, Session, free_port, wait_until

pytestmark = pytest.mark.triton


@pytest.mark.parametrize(
    ("flags", "choice", "camera"),
    [
        pytest.param([], {}, "raw", id="as it is"),
        pytest.param(
            ["--class-picker"],
            {"user_classes": "Base64User", "shape_class": "StagedLoad"},
            "base64",
            id="with a choice of classes",
        ),
    ],
)
def test_a_run_started_on_the_page_is_written_like_any_other(
    flags: list[str], choice: dict[str, str], camera: Camera, gateway: Gateway, tmp_path: Path
) -> None:
    port = free_port()
    command = [str(Path(sys.executable).parent / "locust"), "-f", "loadtest/", f"--web-port={port}"]
    key = "fg_key-of-the-load-tester"
    settings = {"FRAMEGATE_LOADTEST_API_KEY": key}
    process = Process(tmp_path / "locust", [*command, *flags], settings)
    try:
        page = f"http://127.0.0.1:{port}/"
        process.wait_answering(page)
        with Session() as session:
            assert key not in session.get(page, timeout=10).text
        listening = {
            connection.laddr.ip
            for connection in psutil.Process(process.popen.pid).net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN and connection.laddr
        }
        assert listening == {"127.0.0.1"}
        form = {
            "host": gateway.url,
            "stages": "3",
            "stage_duration": "2",
            "warmup": "0",
            "baseline": "0",
            "recovery": "0",
            "run_dir": str(tmp_path / "run"),
            "no_monitor": "true",
            **choice,
        }
        with Session() as session:
            started = session.post(f"http://127.0.0.1:{port}/swarm", data=form, timeout=10).json()
        assert started["success"] is True
        summary = tmp_path / "run/summary.json"
        wait_until(summary.exists, timeout_s=30, what="the run is written")
        document = json.loads(summary.read_text())
        assert document["pass"] is True
        assert [s["users"] for s in document["stages"] if s["kind"] == "stage"] == [3]
        assert document["totals"]["failed_with_warmups"] == 0
        assert document["configuration"]["camera"] == camera
        assert document["payloads"]["sha256"] == sha256_of_set(list(bodies(camera, seed=0)))
    finally:
        status = process.stop(signal.SIGTERM)
    assert status in (0, -signal.SIGTERM)
