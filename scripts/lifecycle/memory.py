"""What processes hold, as the kernel says."""

import contextlib
import ctypes
from collections.abc import Iterable
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Memory:
    """At one moment.

    Attributes:
        resident_bytes: what is in memory of theirs (RSS), the pages of mapped files among it.
        own_bytes: of that, what nobody shares (USS). A file that is mapped twice counts for nobody.
        gpu_bytes: what PyTorch has reserved on the GPU; None where that is not known.
    """

    resident_bytes: int
    own_bytes: int
    gpu_bytes: int | None


# Of a process that is not there.
NOTHING = Memory(0, 0, 0)


def of(pids: Iterable[int], gpu_bytes: int | None = None) -> Memory:
    """Of these processes together; those that have ended have nothing."""
    own = resident = 0
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            found = psutil.Process(pid).memory_full_info()
            own += found.uss
            resident += found.rss
    return Memory(resident, own, gpu_bytes)


def trim() -> bool:
    """Have the C library give back what it keeps for later; False where it cannot.

    Source: malloc_trim(3), a GNU extension.
    """
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if give_back is None:
        return False
    give_back(0)
    return True
