"""What the kernel holds of files in memory, and how to have it forget them.

Source: posix_fadvise(2), mincore(2).
"""

import ctypes
import mmap
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# Of a model's pages: a kernel under pressure drops some that nobody misses.
HIT_RATIO = 0.9


def forget(files: Iterable[Path]) -> None:
    """Have the next read of these files come from the disk, as after a restart."""
    for file in files:
        with file.open("rb") as opened:
            os.fsync(opened.fileno())  # pages that are not yet on the disk stay
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def holds(files: Iterable[Path]) -> bool | None:
    """Whether next to all of these files is in memory; None where the kernel does not say."""
    cached = pages = 0
    for file in files:
        if file.stat().st_size == 0:
            continue
        found = _resident(file)
        if found is None:
            return None
        cached += int(found.sum())
        pages += found.size
    return cached >= HIT_RATIO * pages if pages else None


def _resident(file: Path) -> NDArray[np.bool_] | None:
    """Of each page, whether it is in memory; None where the kernel does not say."""
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        content = np.frombuffer(mapped, np.uint8)
        state = np.zeros(-(-content.size // mmap.PAGESIZE), np.uint8)
        failed = ctypes.CDLL(None).mincore(
            ctypes.c_void_p(content.ctypes.data),
            ctypes.c_size_t(content.size),
            ctypes.c_void_p(state.ctypes.data),
        )
        del content  # the mapping cannot be closed while an array points into it
    return None if failed else (state & 1).astype(np.bool_)
