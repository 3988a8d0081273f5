"""Processes of models, found and weighed: real ones, which this test starts."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.enrichment.memory.host import HostMemory
from backend.enrichment.memory.stubs import ModelProcesses
from tests.processes import free_port, wait_until

MB = 2**20
# Listens, and starts what Triton's Python backend starts: processes under the stub's name whose
# last arguments are an instance and a runtime. Each holds memory until its input ends.
SERVER = """
import socket, subprocess, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
holds = "import sys; held = b'x' * (%d << 20); print('held', flush=True); sys.stdin.read()"
children = []
for instance, held_mb in (("a-model_0_0", 64), ("a-model_0_1", 32), ("a-model_2_0_0", 16)):
    arguments = ["/x/triton_python_backend_stub", "-c", holds % held_mb, instance, "DEFAULT"]
    children.append(subprocess.Popen(
        arguments, executable=sys.executable, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ))
    children[-1].stdout.readline()
another = [sys.executable, "-c", "input()", "a-model_0_0", "DEFAULT"]
subprocess.Popen(another, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
print("ready", flush=True)
sys.stdin.readline()
children[0].communicate()
print("gone", flush=True)
sys.stdin.readline()
"""


class Server:
    def __init__(self, port: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, word: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"{word}\n"

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def server(port: int) -> Iterator[Server]:
    made = Server(port)
    made.wait_for("ready")
    yield made
    made.process.communicate()


def processes(port: int) -> ModelProcesses:
    """Each look at them is a new one."""
    seconds = iter(range(10**9))
    return ModelProcesses(port, clock=lambda: float(next(seconds)))


def test_a_model_has_the_processes_of_its_instances_alone(server: Server, port: int) -> None:
    found = processes(port)
    assert len(found.of("a-model") or []) == 2
    assert len(found.of("a-model_2") or []) == 1
    assert found.of("model") == []


def test_a_model_holds_what_its_processes_have_for_themselves(server: Server, port: int) -> None:
    memory = HostMemory(processes(port))
    both = memory.memory_of("a-model") or 0
    one = memory.memory_of("a-model_2") or 0
    # Two interpreters with 96 MB, and one with 16.
    assert 96 * MB < both < 96 * MB + 2 * 30 * MB
    assert 16 * MB < one < 16 * MB + 30 * MB
    assert memory.memory_of("no-such") == 0


def test_a_process_that_has_ended_holds_nothing(server: Server, port: int) -> None:
    memory = HostMemory(processes(port))
    before = memory.memory_of("a-model") or 0
    server.go_on()
    server.wait_for("gone")
    after = memory.memory_of("a-model") or 0
    assert after < before - 60 * MB
    assert after > 32 * MB


def test_a_server_that_cannot_be_seen_is_unknown_and_found_when_it_is_there(port: int) -> None:
    found = processes(port)
    assert found.of("a-model") is None
    assert HostMemory(found).memory_of("a-model") is None
    later = Server(port)
    later.wait_for("ready")
    try:
        assert len(found.of("a-model") or []) == 2
    finally:
        later.process.communicate()
    wait_until(lambda: found.of("a-model") is None, what="its end is noticed")


def test_looks_that_follow_one_another_closely_are_one(server: Server, port: int) -> None:
    now_s = [0.0]
    found = ModelProcesses(port, clock=lambda: now_s[0])
    before = found.of("a-model")
    server.go_on()
    server.wait_for("gone")
    assert found.of("a-model") == before
    now_s[0] += 0.06
    assert len(found.of("a-model") or []) == 1


def test_this_process_is_no_model_s(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        assert processes(port).of("a-model") == []


def test_the_host_has_free_memory() -> None:
    memory = HostMemory(processes(1))
    free = memory.free_bytes()
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert memory.total_bytes() == total
    assert free is not None
    assert 0 < free < total
    assert Path("/proc/meminfo").exists()
