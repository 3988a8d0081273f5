"""What a device holds."""

import ctypes
import gc
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.lifecycle import memory

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_CLEAR_PEAK = "5"


@dataclass(frozen=True)
class DeviceMemory:
    """At one moment; None is not known. Where host memory stands for a device's, of its process.

    Attributes:
        allocated_bytes: of tensors, by `torch.cuda`; of host memory what the C library has handed
            out and has not got back.
        reserved_bytes: that PyTorch keeps of the GPU, used or not; of host memory what is resident.
        peak_bytes: the most that was reserved since the peak was forgotten.
        peak_allocated_bytes: the same of what was allocated; of host memory nobody keeps that.
        process_bytes: of the GPU's memory, that the driver counts for this process.
    """

    allocated_bytes: int | None
    reserved_bytes: int
    peak_bytes: int
    peak_allocated_bytes: int | None = None
    process_bytes: int | None = None


def of_this_process() -> DeviceMemory:
    """Of host memory, as the kernel and the C library say.

    Source: proc(5), VmRSS and VmHWM.
    """
    found = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
    resident_bytes, peak_bytes = (int(found[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    return DeviceMemory(_handed_out(), resident_bytes, max(resident_bytes, peak_bytes))


def give_back() -> None:
    """Have Python and the C library give back what nobody uses."""
    gc.collect()
    memory.trim()


def forget_peak() -> None:
    """Have the kernel count this process's peak from here.

    Source: proc(5), clear_refs since Linux 4.0.
    """
    _CLEAR.write_text(_CLEAR_PEAK)


class _Mallinfo(ctypes.Structure):
    """Source: mallinfo(3), a GNU extension."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def _handed_out() -> int | None:
    asked: Any = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if asked is None:
        return None
    asked.restype = _Mallinfo
    found = asked()
    return int(found.hblkhd + found.uordblks)
