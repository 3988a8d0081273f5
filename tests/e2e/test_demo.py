"""`make demo` and `make up`: all processes, and nothing left of them."""

import json
import re
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.processes import Process, Session, free_port, wait_until

pytestmark = pytest.mark.triton
SHM = Path("/dev/shm")
TRITON_PORTS = ("TRITON_HTTP_PORT", "TRITON_GRPC_PORT", "TRITON_METRICS_PORT")


def settings(folder: Path) -> dict[str, str]:
    names = ("PORT", "ENRICHMENT_PORT", *TRITON_PORTS)
    ports = {f"FRAMEGATE_{name}": str(free_port()) for name in names}
    return ports | {"FRAMEGATE_TRITON_LOG": str(folder / "triton.log"), "PYTHONUNBUFFERED": "1"}


class Left:
    """What there was before, to compare with what there is after."""

    def __init__(self, env: dict[str, str]) -> None:
        self._ports = {int(port) for name, port in env.items() if name.endswith("_PORT")}
        self._segments = {path.name for path in SHM.iterdir()}
        self._processes = set(psutil.pids())
        self.seen: set[psutil.Process] = set()

    def watch(self, root: psutil.Process) -> None:
        """Remember the descendants, whatever group or parent they have later."""
        self.seen |= set(root.children(recursive=True))

    def nothing(self) -> bool:
        alive = [process for process in self.seen if process.is_running()]
        listening = {
            connection.laddr.port
            for connection in psutil.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN and connection.laddr
        }
        segments = {path.name for path in SHM.iterdir()}
        return not alive and not listening & self._ports and segments <= self._segments


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return settings(tmp_path)


@pytest.fixture
def left(env: dict[str, str]) -> Iterator[Left]:
    watched = Left(env)
    yield watched
    for process in watched.seen:
        if process.is_running():
            process.kill()


started: list[Process] = []


@pytest.fixture(autouse=True)
def end_what_a_failed_test_left() -> Iterator[None]:
    yield
    while started:
        started.pop().stop()


def start(tmp_path: Path, env: dict[str, str], *arguments: str) -> Process:
    started.append(Process(tmp_path, [sys.executable, "-m", *arguments], env))
    return started[-1]


def demo(
    tmp_path: Path, env: dict[str, str], *, stages: str, duration_s: int, aside_s: int = 0
) -> Process:
    run_dir = str(tmp_path / "run")
    aside = {f"FRAMEGATE_LOADTEST_{name}": str(aside_s) for name in ("BASELINE", "RECOVERY")}
    return start(
        tmp_path, env | aside, "scripts.demo", "--stages", stages,
        "--stage-duration", str(duration_s), "--run-dir", run_dir,
    )  # fmt: skip


def wait_for(process: Process, words: str) -> None:
    def said() -> bool:
        ended = process.popen.poll()
        assert ended is None or words in process.output, f"{ended}: {process.output}"
        return words in process.output

    wait_until(said, timeout_s=60, what=f"{words!r} in the output")


def demo_under_load(
    tmp_path: Path, env: dict[str, str], left: Left
) -> tuple[Process, psutil.Process]:
    """A demo in the middle of its only stage, and its process with all descendants watched."""
    process = demo(tmp_path, env, stages="4", duration_s=60)
    wait_for(process, "dwell")
    root = psutil.Process(process.popen.pid)
    left.watch(root)
    return process, root


def test_the_demo_scores_frames_writes_a_report_and_leaves_nothing(
    tmp_path: Path, env: dict[str, str], left: Left
) -> None:
    process = demo(tmp_path, env, stages="2,6", duration_s=3, aside_s=3)
    wait_for(process, "stage 2/2")
    left.watch(psutil.Process(process.popen.pid))
    assert len(left.seen) >= 7  # launcher, server, 2 models, gateway and 2 workers, load, monitor
    assert process.popen.wait(60) == 0
    wait_until(left.nothing, what="no process, port or shared memory is left")

    summary = json.loads((tmp_path / "run/summary.json").read_text())
    assert summary["pass"] is True
    stages = [(stage["kind"], stage["users"]) for stage in summary["stages"]]
    assert stages == [("baseline", 1), ("stage", 2), ("stage", 6), ("recovery", 2)]
    assert summary["totals"]["failed_with_warmups"] == 0, summary["totals"]
    html = (tmp_path / "run/report.html").read_text()
    assert "<svg" in html
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", html)
    lines = (tmp_path / "run/monitor.jsonl").read_text().splitlines()
    samples = [frame for line in lines if (frame := json.loads(line))["type"] == "sample"]
    counted = sum(sample["triton"]["request_count"] or 0 for sample in samples if sample["triton"])
    sent = summary["totals"]["sent_with_warmups"]
    # Two models are asked about each picture. Two canaries more at most; less by what came after
    # the monitor's last look, 3 a second.
    assert sent - 6 <= counted / 2 <= sent + 2


@pytest.mark.parametrize(
    ("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
@pytest.mark.parametrize("moment", ["Starting", "dwell"])
def test_a_stopped_demo_leaves_nothing_and_keeps_what_it_measured(
    tmp_path: Path,
    env: dict[str, str],
    left: Left,
    signum: signal.Signals,
    status: int,
    moment: str,
) -> None:
    process = demo(tmp_path, env, stages="4", duration_s=60)
    wait_for(process, moment)
    left.watch(psutil.Process(process.popen.pid))
    process.popen.send_signal(signum)
    assert process.popen.wait(40) == status
    wait_until(left.nothing, what="no process, port or shared memory is left")
    assert "Traceback" not in process.output
    if moment == "dwell":
        summary = json.loads((tmp_path / "run/summary.json").read_text())
        assert summary["stages"][0]["users"] == 4


def test_a_demo_killed_outright_takes_its_processes_along(
    tmp_path: Path, env: dict[str, str], left: Left
) -> None:
    process, _ = demo_under_load(tmp_path, env, left)
    process.popen.kill()
    process.popen.wait(5)
    wait_until(left.nothing, timeout_s=30, what="no process, port or shared memory is left")


def test_a_load_tester_killed_outright_ends_the_demo_and_takes_its_monitor_along(
    tmp_path: Path, env: dict[str, str], left: Left
) -> None:
    process, root = demo_under_load(tmp_path, env, left)
    (tester,) = [child for child in root.children() if "loadtest" in " ".join(child.cmdline())]
    assert len(tester.children()) == 1
    tester.kill()
    assert process.popen.wait(40) == 1
    assert "The load tester was killed (SIGKILL)." in process.output
    wait_until(left.nothing, what="no process, port or shared memory is left")


def test_a_demo_stopped_while_the_monitor_starts_leaves_nothing(
    tmp_path: Path, env: dict[str, str], left: Left
) -> None:
    process = demo(tmp_path, env, stages="4", duration_s=60)
    wait_until((tmp_path / "run/monitor.log").exists, timeout_s=60, what="the monitor starts")
    left.watch(psutil.Process(process.popen.pid))
    process.popen.send_signal(signal.SIGTERM)
    assert process.popen.wait(40) == 143
    wait_until(left.nothing, what="no process, port or shared memory is left")


def test_a_gateway_that_dies_half_way_ends_the_demo_with_a_reason(
    tmp_path: Path, env: dict[str, str], left: Left
) -> None:
    process, root = demo_under_load(tmp_path, env, left)
    (gateway,) = [child for child in root.children() if "gunicorn" in " ".join(child.cmdline())]
    gateway.kill()
    assert process.popen.wait(40) == 1
    assert "gateway ended (exit status -9)" in process.output
    wait_until(left.nothing, what="no process, port or shared memory is left")


def test_a_demo_whose_port_is_taken_says_so_and_starts_nothing(
    tmp_path: Path, env: dict[str, str]
) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", int(env["FRAMEGATE_PORT"])))
        holder.listen()
        process = demo(tmp_path, env, stages="1", duration_s=1)
        assert process.popen.wait(20) == 1
    assert process.output == (
        f"Port {env['FRAMEGATE_PORT']} on 127.0.0.1 cannot be used (Address already in use): "
        "stop what holds it or set FRAMEGATE_PORT.\n"
    )


def test_up_prints_urls_that_answer_until_ctrl_c(
    tmp_path: Path, env: dict[str, str], left: Left
) -> None:
    process = start(tmp_path, env, "scripts.up")
    wait_for(process, "Ctrl-C stops everything.")
    left.watch(psutil.Process(process.popen.pid))
    urls = [url for url in re.findall(r"http://[^ \n]+", process.output) if "/v1/" not in url]
    with Session() as session:
        for url in urls:
            of_triton = url.endswith(env["FRAMEGATE_TRITON_HTTP_PORT"])
            probe = f"{url}/v2/health/ready" if of_triton else url
            assert session.get(probe, timeout=10).status_code == 200, url
    assert len(urls) == 5
    assert process.stop(signal.SIGINT) == 0
    assert "Stopped." in process.output
    wait_until(left.nothing, what="no process, port or shared memory is left")
