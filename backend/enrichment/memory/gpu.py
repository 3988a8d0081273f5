"""Memory of the first GPU, as its driver says."""

import pynvml

from backend.enrichment.memory.stubs import ModelProcesses


class GpuMemory:
    """Implements the zoo's `Memory`; one for as long as the process lives.

    Raises:
        pynvml.NVMLError: there is no driver, or no GPU.
    """

    kind = "gpu"

    def __init__(self, processes: ModelProcesses) -> None:
        pynvml.nvmlInit()
        self._device = pynvml.nvmlDeviceGetHandleByIndex(0)
        self._processes = processes
        # Models that were seen to have processes; those of compiled backends have none.
        self._apart: set[str] = set()

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
        try:
            running = pynvml.nvmlDeviceGetComputeRunningProcesses(self._device)
        except pynvml.NVMLError:
            return None
        held = {process.pid: process.usedGpuMemory for process in running}
        found = [held.get(pid) for pid in pids]
        return None if None in found else sum(filter(None, found))

    def free_bytes(self) -> int | None:
        try:
            return int(pynvml.nvmlDeviceGetMemoryInfo(self._device).free)
        except pynvml.NVMLError:
            return None


def has_gpu() -> bool:
    """Whether the driver answers and has a device."""
    try:
        pynvml.nvmlInit()
        return bool(pynvml.nvmlDeviceGetCount())
    except pynvml.NVMLError:
        return False
