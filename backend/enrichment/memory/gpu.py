"""Memory of the first GPU, as its driver says."""

import abc
from collections.abc import Mapping
from typing import Any

import pynvml

from backend.enrichment.memory.stubs import ModelProcesses


class DriverMemory(abc.ABC):
    """What models hold on a GPU, whichever way its driver is asked about processes."""

    kind = "gpu"

    def __init__(self, processes: ModelProcesses) -> None:
        self._processes = processes
        # Models that were seen to have processes; those of compiled backends have none.
        self._apart: set[str] = set()

    @abc.abstractmethod
    def held_by_process(self) -> Mapping[int, int | None] | None:
        """Bytes by process id, None for what the driver keeps to itself; None where it fails."""

    def memory_of(self, name: str) -> int | None:
        """What a model's processes hold on the GPU, in bytes.

        None for a model of a compiled backend, which shares Triton's own process, and where the
        driver does not tell processes apart.
        """
        pids = self._processes.of(name)
        if pids:
            self._apart.add(name)
        elif pids is None or name not in self._apart:
            return None
        held = self.held_by_process()
        if held is None:
            return None
        found = [held.get(pid) for pid in pids]
        return None if None in found else sum(filter(None, found))


class GpuMemory(DriverMemory):
    """Implements the zoo's `Memory`; one for as long as the process lives.

    Raises:
        pynvml.NVMLError: there is no driver, or no GPU.
    """

    def __init__(self, processes: ModelProcesses) -> None:
        super().__init__(processes)
        pynvml.nvmlInit()
        self._device = pynvml.nvmlDeviceGetHandleByIndex(0)

    def held_by_process(self) -> Mapping[int, int | None] | None:
        try:
            running = pynvml.nvmlDeviceGetComputeRunningProcesses(self._device)
        except pynvml.NVMLError:
            return None
        return {process.pid: process.usedGpuMemory for process in running}

    def free_bytes(self) -> int | None:
        info = self._info()
        return None if info is None else int(info.free)

    def total_bytes(self) -> int | None:
        """None also for a GPU without memory of its own."""
        info = self._info()
        return None if info is None else int(info.total) or None

    def _info(self) -> Any:
        try:
            return pynvml.nvmlDeviceGetMemoryInfo(self._device)
        except pynvml.NVMLError:
            return None


def gpu_problem() -> str | None:
    """Why there is no GPU to ask about, in the driver's words; None where there is one."""
    try:
        pynvml.nvmlInit()
        return None if pynvml.nvmlDeviceGetCount() else "the driver has no device"
    except pynvml.NVMLError as error:
        return str(error)


def has_gpu() -> bool:
    """Whether the driver answers and has a device."""
    return gpu_problem() is None
