"""Memory of this machine: what counts where there is no GPU."""

import contextlib
from pathlib import Path

import psutil

from backend.enrichment.memory.stubs import ModelProcesses


class HostMemory:
    """Implements the zoo's `Memory`."""

    kind = "host"

    def __init__(self, processes: ModelProcesses) -> None:
        self._processes = processes

    def memory_of(self, name: str) -> int | None:
        """What a model's processes have for themselves, in bytes.

        Code that processes share is not counted: to read how it is shared takes the kernel ten
        milliseconds for a large process, and this is asked every second.
        """
        pids = self._processes.of(name)
        return None if pids is None else sum(map(_own_bytes, pids))

    def free_bytes(self) -> int | None:
        """What the machine could give out without swapping."""
        return int(psutil.virtual_memory().available)

    def total_bytes(self) -> int | None:
        """What the machine has."""
        return int(psutil.virtual_memory().total)


def _own_bytes(pid: int) -> int:
    """Anonymous and shared memory that a process has touched; 0 where it has ended.

    Source: proc(5), /proc/pid/status: RssAnon, RssShmem.
    """
    total = 0
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(("RssAnon:", "RssShmem:")):
                total += int(line.split()[1]) * 1024
    return total
