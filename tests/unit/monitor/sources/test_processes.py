import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import IO

import psutil
import pytest

from monitor.sample import ProcessReading
from monitor.sources.processes import (
    FORWARDERS,
    ProcessWatcher,
    Unreadable,
    Usage,
    cpu_percent,
    find_root,
    read_tree,
)

# A listener and a child that shares its socket, as gunicorn and its workers do; each says when.
FAMILY = """
import os, socket, sys
server = socket.create_server(("127.0.0.1", 0))
child = os.fork()
if child:
    print(server.getsockname()[1], os.getpid(), child, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def family() -> Iterator[tuple[int, int, int]]:
    """Port, parent and child."""
    command = [sys.executable, "-c", FAMILY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        port, parent, child = map(int, line(process.stdout).split())
        yield port, parent, child
        assert process.stdin is not None
        process.stdin.close()


def line(stream: IO[bytes] | None) -> bytes:
    assert stream is not None
    return stream.readline()


def test_of_a_family_that_shares_a_socket_the_eldest_is_found(family: tuple[int, int, int]) -> None:
    port, parent, child = family
    root = find_root(port)
    assert root.pid == parent
    usages = read_tree(root)
    assert {usage.pid for usage in usages} == {parent, child}
    assert all(usage.rss_bytes > 0 and usage.cpu_s >= 0 for usage in usages)


def test_a_port_without_a_listener_is_a_reason() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        with pytest.raises(Unreadable, match=f"nobody listens on port {port}"):
            find_root(port)


def test_who_forwards_for_others_is_not_taken_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(psutil.Process, "name", lambda self: "docker-proxy")
        assert "docker-proxy" in FORWARDERS
        with pytest.raises(Unreadable, match="docker-proxy listens on port"):
            find_root(server.getsockname()[1])


def test_another_user_s_process_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        listed = [found._replace(pid=None) for found in psutil.net_connections("tcp")]
        monkeypatch.setattr(psutil, "net_connections", lambda kind: listed)
        with pytest.raises(Unreadable, match="another user's or in a container"):
            find_root(server.getsockname()[1])


def test_a_process_that_has_ended_has_no_tree() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        root = psutil.Process(process.pid)
        # Not yet collected by its parent, it is a zombie: that counts as ended, too.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert read_tree(root) == []
    assert read_tree(root) == []


def usage(pid: int, cpu_s: float, created_s: float = 1.0) -> Usage:
    return Usage(pid, created_s, cpu_s, 100)


@pytest.mark.parametrize(
    ("before", "after", "percent"),
    [
        ([usage(1, 3.0)], [usage(1, 3.5)], 25.0),
        ([usage(1, 3.0)], [usage(1, 3.5), usage(2, 1.5)], 100.0),  # a new child
        ([usage(1, 3.0), usage(2, 9.0)], [usage(1, 3.5)], 25.0),  # a child that ended
        ([usage(1, 3.0), usage(2, 9.0)], [usage(1, 3.0), usage(2, 0.5, 7.0)], 25.0),  # its number
        ([usage(1, 3.0)], [usage(1, 2.9)], 0.0),
    ],
)
def test_cpu_is_that_of_the_processes_alive(
    before: list[Usage], after: list[Usage], percent: float
) -> None:
    assert cpu_percent(before, after, 2.0) == percent


def test_no_time_is_no_percentage() -> None:
    assert cpu_percent([usage(1, 0.0)], [usage(1, 1.0)], 0.0) is None


class Machine:
    """Who listens where, and the trees; both change between readings."""

    def __init__(self) -> None:
        self.roots: dict[int, psutil.Process] = {}
        self.usages: dict[int, list[Usage]] = {}

    def find(self, port: int) -> psutil.Process:
        if port not in self.roots:
            raise Unreadable(f"nobody on {port}")
        return self.roots[port]

    def tree(self, root: psutil.Process) -> list[Usage]:
        return self.usages.get(id(root), [])


def test_processes_are_found_again_when_they_are_gone() -> None:
    machine = Machine()
    watcher = ProcessWatcher({"gateway": 8000}, find=machine.find, tree=machine.tree)
    assert watcher.read(0.0) == ((ProcessReading("gateway"),), {"gateway": "nobody on 8000"})

    first, second = psutil.Process(), psutil.Process()
    machine.roots = {8000: first}
    machine.usages = {id(first): [usage(1, 5.0), usage(2, 5.0)]}
    assert watcher.read(1.0) == ((ProcessReading("gateway", None, 200, 2),), {})
    machine.usages = {id(first): [usage(1, 5.5), usage(2, 6.0)]}
    assert watcher.read(2.0) == ((ProcessReading("gateway", 150.0, 200, 2),), {})

    machine.usages = {}
    assert watcher.read(3.0)[1] == {"gateway": "the process on port 8000 has just ended"}
    machine.roots = {8000: second}
    machine.usages = {id(second): [usage(3, 1.0)]}
    assert watcher.read(4.0) == ((ProcessReading("gateway", None, 100, 1),), {})
    machine.usages = {id(second): [usage(3, 1.5)]}
    assert watcher.read(5.0) == ((ProcessReading("gateway", 50.0, 100, 1),), {})


def test_one_role_that_is_unknown_hides_no_other() -> None:
    machine = Machine()
    machine.roots = {8003: psutil.Process()}
    machine.usages = {id(machine.roots[8003]): [usage(1, 1.0)]}
    watcher = ProcessWatcher(
        {"gateway": 8000, "triton": 8003}, find=machine.find, tree=machine.tree
    )
    readings, missing = watcher.read(0.0)
    assert [reading.count for reading in readings] == [None, 1]
    assert list(missing) == ["gateway"]
