"""Where the figures of memory come from, and what one model holds by them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from backend.enrichment.memory.gpu import GpuMemory, gpu_problem
from backend.enrichment.memory.host import HostMemory
from backend.enrichment.memory.stubs import ModelProcesses
from scripts.vram.nvidia_smi import SmiMemory
from scripts.vram.smi_query import Ask, ask_command
from scripts.vram.troubles import Trouble


class Source(StrEnum):
    """In the words of the report."""

    NVML = "NVML, the driver's library"
    NVIDIA_SMI = "nvidia-smi"
    HOST = "host memory of the models' processes"

    @property
    def on_gpu(self) -> bool:
        return self is not Source.HOST


class DeviceMemory(Protocol):
    """The zoo's `Memory`, with how much there is."""

    def memory_of(self, name: str) -> int | None: ...

    def free_bytes(self) -> int | None: ...

    def total_bytes(self) -> int | None: ...


@dataclass(frozen=True)
class Probe:
    """
    Attributes:
        notes: why it is this source and no better one.
    """

    source: Source
    memory: DeviceMemory
    notes: tuple[str, ...] = ()

    def total_bytes(self) -> int | None:
        return self.memory.total_bytes()

    def used_bytes(self) -> int | None:
        """Of the whole GPU or machine, by whomever."""
        total_bytes, free_bytes = self.memory.total_bytes(), self.memory.free_bytes()
        return None if total_bytes is None or free_bytes is None else total_bytes - free_bytes


class MemorySince:
    """What a model holds; implements the zoo's `Memory` for one that is not loaded yet.

    Where a GPU's driver does not tell the model's process, it is what the whole GPU holds more than
    when this was made.

    Attributes:
        by_difference: whether the last figure was made so.
    """

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self.baseline_bytes = probe.used_bytes()
        self.by_difference = False

    def memory_of(self, name: str) -> int | None:
        own_bytes = self._probe.memory.memory_of(name)
        self.by_difference = own_bytes is None and self._probe.source.on_gpu
        if not self.by_difference:
            return own_bytes
        used_bytes = self._probe.used_bytes()
        if used_bytes is None or self.baseline_bytes is None:
            return None
        return max(0, used_bytes - self.baseline_bytes)

    def free_bytes(self) -> int | None:
        return self._probe.memory.free_bytes()


def choose(processes: ModelProcesses, ask: Ask = ask_command) -> Probe:
    """NVML, where it answers; else nvidia-smi, where that does; else the host's memory."""
    problem = gpu_problem()
    if problem is None:
        return Probe(Source.NVML, GpuMemory(processes))
    by_command = SmiMemory(processes, ask)
    if by_command.total_bytes() is not None:
        return Probe(Source.NVIDIA_SMI, by_command, (Trouble.NVML_MISSING.text(problem),))
    return Probe(Source.HOST, HostMemory(processes), (Trouble.NO_GPU.text(problem),))
