"""How busy the host's processors and how full its memory are, from Linux's own counters."""

from dataclasses import dataclass
from pathlib import Path

PROC_STAT = Path("/proc/stat")
PROC_MEMINFO = Path("/proc/meminfo")
IDLE, IOWAIT, FIRST_GUEST = 3, 4, 8


@dataclass(frozen=True)
class CpuTimes:
    busy_ticks: int
    total_ticks: int


@dataclass(frozen=True)
class HostMemory:
    """`used_bytes` leaves out what the system would give back at once, such as cached files."""

    used_bytes: int
    total_bytes: int


def read_cpu_times(path: Path = PROC_STAT) -> CpuTimes | None:
    """None where there is no such file, as on macOS."""
    try:
        with path.open(encoding="ascii") as file:
            name, *numbers = file.readline().split()
        # Guests' time is already part of user time.
        ticks = [int(number) for number in numbers[:FIRST_GUEST]]
    except (OSError, ValueError):
        return None
    if name != "cpu" or len(ticks) <= IDLE:
        return None
    idle = sum(ticks[IDLE : IOWAIT + 1])
    return CpuTimes(sum(ticks) - idle, sum(ticks))


def busy_percent(before: CpuTimes | None, after: CpuTimes | None) -> float | None:
    if before is None or after is None:
        return None
    total = after.total_ticks - before.total_ticks
    if total <= 0:
        return None
    busy = 100 * (after.busy_ticks - before.busy_ticks) / total
    # The kernel may take idle ticks back.
    return round(min(max(busy, 0.0), 100.0), 1)


def read_memory(path: Path = PROC_MEMINFO) -> HostMemory | None:
    """None where there is no such file, as on macOS."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        sizes = dict(line.split(":", 1) for line in lines if ":" in line)
        # They are called kB and are KiB.
        total, available = (
            1024 * int(sizes[name].split()[0]) for name in ("MemTotal", "MemAvailable")
        )
    except (OSError, ValueError, LookupError):
        return None
    return HostMemory(max(0, total - available), total)
