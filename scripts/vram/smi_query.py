"""What `nvidia-smi` answers about the first GPU."""

import subprocess
from collections.abc import Callable
from typing import NamedTuple

_TIMEOUT_S = 20.0
_MIB = 2**20

# A query's flag → what the command prints, or None where it fails.
Ask = Callable[[str], str | None]
PROCESSES = "--query-compute-apps=pid,used_memory"
TOTALS = "--query-gpu=memory.total,memory.free"


class Totals(NamedTuple):
    """Of the whole device."""

    total_bytes: int
    free_bytes: int


def ask_command(query: str) -> str | None:
    """Run `nvidia-smi` with that query about the first GPU."""
    try:
        answer = subprocess.run(
            ["nvidia-smi", "--id=0", query, "--format=csv,noheader,nounits"],
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.decode(errors="replace")


def parse_totals(text: str) -> Totals | None:
    """`24564, 24152`, in MiB: total and free; None for anything else."""
    lines = text.strip().splitlines()
    cells = [_bytes(cell) for cell in lines[0].split(",")] if lines else []
    match cells:
        case [int(total_bytes), int(free_bytes)] if 0 < total_bytes >= free_bytes:
            return Totals(total_bytes, free_bytes)
        case _:
            return None


def parse_processes(text: str) -> dict[int, int | None]:
    """Lines of `1234, 512`, the second in MiB, or words such as `[N/A]`, which are None.

    A line without a process id is left out.
    """
    found: dict[int, int | None] = {}
    for line in text.splitlines():
        pid, _, memory = line.partition(",")
        if _is_number(pid):
            found[int(pid)] = _bytes(memory)
    return found


def _bytes(cell: str) -> int | None:
    return int(cell) * _MIB if _is_number(cell) else None


def _is_number(cell: str) -> bool:
    return cell.strip().isascii() and cell.strip().isdecimal()
