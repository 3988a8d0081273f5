"""CPU and memory of the processes behind a local port; children come and go."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import psutil

from monitor.sample import ProcessReading

# They listen for somebody else: their own CPU says nothing of who answers.
FORWARDERS = frozenset({"docker-proxy", "rootlessport", "ssh", "kubectl", "systemd"})


class Unreadable(Exception):
    """Why the processes of a port are unknown. The text is steady while the cause stays."""


@dataclass(frozen=True)
class Usage:
    """One process at a moment; `created_s` tells it from a later one of the same number."""

    pid: int
    created_s: float
    cpu_s: float
    rss_bytes: int


def find_root(port: int) -> psutil.Process:
    """The process on that port, and of a family that shares the socket the eldest.

    Raises:
        Unreadable: nobody listens, or whoever does may not be read or is not the one who answers.
    """
    try:
        listeners = [
            connection
            for connection in psutil.net_connections("tcp")
            if _is_at(port, connection.status, connection.laddr)
        ]
        if not listeners:
            raise Unreadable(f"nobody listens on port {port} of this machine")
        pid = next((connection.pid for connection in listeners if connection.pid), None)
        if pid is None:
            raise Unreadable(f"the process on port {port} is another user's or in a container")
        root = psutil.Process(pid)
        while (parent := root.parent()) is not None and _listens(parent, port):
            root = parent
        name = root.name()
    except psutil.NoSuchProcess as error:
        raise Unreadable(f"the process on port {port} has just ended") from error
    except psutil.AccessDenied as error:
        raise Unreadable(f"this system does not say who listens on port {port}") from error
    if name in FORWARDERS:
        raise Unreadable(f"{name} listens on port {port} for a process that is elsewhere")
    return root


def _is_at(port: int, status: str, address: tuple[object, ...]) -> bool:
    """The address is (ip, port), or empty where the system does not say."""
    return status == psutil.CONN_LISTEN and address[1:] == (port,)


def _listens(process: psutil.Process, port: int) -> bool:
    try:
        return any(
            _is_at(port, connection.status, connection.laddr)
            for connection in process.net_connections("tcp")
        )
    except psutil.Error:
        return False


def read_tree(root: psutil.Process) -> list[Usage]:
    """A process and all that descend from it; empty where it has ended.

    Raises:
        Unreadable: this user may not.
    """
    try:
        if not root.is_running():
            return []
        return [
            usage
            for process in (root, *root.children(recursive=True))
            if (usage := _usage(process)) is not None
        ]
    except psutil.NoSuchProcess:
        return []
    except psutil.AccessDenied as error:
        raise Unreadable("its processes may not be read") from error


def _usage(process: psutil.Process) -> Usage | None:
    with contextlib.suppress(psutil.NoSuchProcess), process.oneshot():
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        times = process.cpu_times()
        return Usage(
            process.pid,
            process.create_time(),
            times.user + times.system,
            process.memory_info().rss,
        )
    return None


def cpu_percent(before: Sequence[Usage], after: Sequence[Usage], elapsed_s: float) -> float | None:
    """Of one core, all processes together.

    One that is new counts from its beginning; one that ended takes its time with it.
    """
    if elapsed_s <= 0:
        return None
    earlier_s = {(usage.pid, usage.created_s): usage.cpu_s for usage in before}
    used_s = sum(
        max(0.0, usage.cpu_s - earlier_s.get((usage.pid, usage.created_s), 0.0)) for usage in after
    )
    return round(100 * used_s / elapsed_s, 1)


@dataclass(frozen=True)
class _Last:
    root: psutil.Process
    at_s: float
    usages: Sequence[Usage]


class ProcessWatcher:
    """Finds the processes of each role by its port, and again when they are gone.

    Args:
        ports: Role → the local TCP port it answers on.
    """

    def __init__(
        self,
        ports: Mapping[str, int],
        *,
        find: Callable[[int], psutil.Process] = find_root,
        tree: Callable[[psutil.Process], list[Usage]] = read_tree,
    ) -> None:
        self._ports = dict(ports)
        self._find = find
        self._tree = tree
        self._last: dict[str, _Last] = {}

    def read(self, now_s: float) -> tuple[tuple[ProcessReading, ...], Mapping[str, str]]:
        """Every role, and for those that are unknown the reason by role."""
        readings: list[ProcessReading] = []
        missing: dict[str, str] = {}
        for role, port in self._ports.items():
            try:
                readings.append(self._read(role, port, now_s))
            except Unreadable as error:
                readings.append(ProcessReading(role))
                missing[role] = str(error)
        return tuple(readings), missing

    def _read(self, role: str, port: int, now_s: float) -> ProcessReading:
        last = self._last.pop(role, None)
        usages = self._tree(last.root) if last is not None else []
        percent = None
        if last is not None and usages:
            root = last.root
            percent = cpu_percent(last.usages, usages, now_s - last.at_s)
        else:
            root = self._find(port)
            usages = self._tree(root)
            if not usages:
                raise Unreadable(f"the process on port {port} has just ended")
        self._last[role] = _Last(root, now_s, usages)
        return ProcessReading(role, percent, sum(usage.rss_bytes for usage in usages), len(usages))
