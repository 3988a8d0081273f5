"""The real Triton, started by the application's environment: here its launcher cannot run."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent
PYTHON = PROJECT / ".venv/bin/python"
READY_TIMEOUT_S = 90
TOKEN = "token-of-the-tests"

needs_launcher = pytest.mark.skipif(
    not PYTHON.exists(), reason="the launcher's environment is missing: make envs"
)


@contextmanager
def embedded_triton(folder: Path, settings: Mapping[str, str]) -> Iterator[str]:
    """The address of a server that serves FRAMEGATE_QUALITY_MODEL, and others once loaded."""
    http, grpc, metrics = _free_ports(3)
    ports = {
        "FRAMEGATE_TRITON_HTTP_PORT": str(http),
        "FRAMEGATE_TRITON_GRPC_PORT": str(grpc),
        "FRAMEGATE_TRITON_METRICS_PORT": str(metrics),
        "FRAMEGATE_TRITON_LOG": str(folder / "triton.log"),
        "FRAMEGATE_TRITON_CONTROL_TOKEN": TOKEN,
    }
    output = folder / "output.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FRAMEGATE_")}
    with output.open("wb") as log:
        launcher = subprocess.Popen(
            [str(PYTHON), "-m", "triton_runtime"],
            cwd=PROJECT,
            env=kept | ports | dict(settings),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        address = f"http://127.0.0.1:{http}"
        deadline_s = time.monotonic() + READY_TIMEOUT_S
        while not _ready(f"{address}/v2/models/{settings['FRAMEGATE_QUALITY_MODEL']}/ready"):
            assert launcher.poll() is None, output.read_text()
            assert time.monotonic() < deadline_s, (folder / "triton.log").read_text()[-2000:]
            time.sleep(0.1)
        yield address
    finally:
        launcher.send_signal(signal.SIGTERM)
        launcher.wait(30)


def opened(request: str | urllib.request.Request) -> bytes:
    """An answer of the server, asked without a proxy."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=60) as answer:
        body: bytes = answer.read()
    return body


def _ready(url: str) -> bool:
    try:
        opened(url)
    except OSError:
        return False
    return True


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
