"""SIGTERM held back, as the main process of the gateway does it, in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.processes import PROJECT

# What gunicorn does on SIGTERM is a line here. The child stands for its workers, who inherit the
# mapping; it says so once it sees that the drain has begun.
MAIN = """
import os, signal, sys, time
from backend.gateway import drain

def stop(signum, frame):
    print("stopped by", signal.Signals(signum).name, flush=True)
    sys.exit(0)

signal.signal(signal.SIGTERM, stop)
drain.hold_back_stop(float(sys.argv[1]))
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    while not drain.under_way():
        time.sleep(0.001)
    print("a worker sees it", flush=True)
    os._exit(0)
print("ready", drain.under_way(), flush=True)
while True:
    time.sleep(0.05)
"""


@pytest.fixture
def main(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", MAIN, request.param]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    try:
        assert line(process) == "ready False"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=10)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("main", ["0.3"], indirect=True)
def test_what_sigterm_did_happens_when_the_drain_is_over(main: subprocess.Popen[str]) -> None:
    started_s = time.monotonic()
    os.kill(main.pid, signal.SIGTERM)
    assert line(main) == "a worker sees it"
    assert line(main) == "stopped by SIGTERM"
    assert time.monotonic() - started_s >= 0.3
    assert main.wait(10) == 0


@pytest.mark.parametrize("main", ["300"], indirect=True)
def test_a_second_sigterm_ends_the_waiting(main: subprocess.Popen[str]) -> None:
    os.kill(main.pid, signal.SIGTERM)
    assert line(main) == "a worker sees it"
    assert main.poll() is None
    os.kill(main.pid, signal.SIGTERM)
    assert line(main) == "stopped by SIGTERM"
    assert main.wait(10) == 0
