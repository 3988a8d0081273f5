"""What processes use: processor time by role, and memory."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import psutil

MODELS = "models"
_MODEL_PROCESS = "triton_python_b"


class Used(NamedTuple):
    """Processor time of one process."""

    role: str
    process: str
    pid: int
    seconds: float


class CpuMeter:
    """Processor time of process trees since it was made.

    Args:
        roots: role → the process from which its processes descend. The models' processes inside
            Triton are a role of their own.
    """

    def __init__(self, roots: Mapping[str, int]) -> None:
        self._roots = roots
        self._before = {used.pid: used.seconds for used in self._read()}

    def used(self) -> list[Used]:
        return [
            used._replace(seconds=used.seconds - self._before.get(used.pid, 0.0))
            for used in self._read()
        ]

    def _read(self) -> Iterator[Used]:
        for role, root in self._roots.items():
            for process in tree(root):
                with contextlib.suppress(psutil.NoSuchProcess):
                    times, name = process.cpu_times(), process.name()
                    actual = MODELS if name.startswith(_MODEL_PROCESS) else role
                    yield Used(actual, name, process.pid, times.user + times.system)


def tree(root: int) -> list[psutil.Process]:
    """A process and all that descend from it; empty where it has ended."""
    try:
        process = psutil.Process(root)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def pss_bytes(root: int) -> int:
    """Memory of a tree, shared pages counted once."""
    total = 0
    for process in tree(root):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += process.memory_full_info().pss
    return total


def pss_mb(pid: int) -> float:
    return pss_bytes(pid) / 2**20
