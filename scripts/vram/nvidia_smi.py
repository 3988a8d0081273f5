"""Memory of the first GPU as `nvidia-smi` says, where the driver's library cannot be asked."""

from collections.abc import Mapping

from backend.enrichment.memory.gpu import DriverMemory
from backend.enrichment.memory.stubs import ModelProcesses
from scripts.vram.smi_query import (
    PROCESSES,
    TOTALS,
    Ask,
    Totals,
    parse_processes,
    parse_totals,
)


class SmiMemory(DriverMemory):
    """As `GpuMemory`, through the command."""

    def __init__(self, processes: ModelProcesses, ask: Ask) -> None:
        super().__init__(processes)
        self._ask = ask

    def held_by_process(self) -> Mapping[int, int | None] | None:
        text = self._ask(PROCESSES)
        return None if text is None else parse_processes(text)

    def free_bytes(self) -> int | None:
        totals = self._totals()
        return totals and totals.free_bytes

    def total_bytes(self) -> int | None:
        totals = self._totals()
        return totals and totals.total_bytes

    def _totals(self) -> Totals | None:
        text = self._ask(TOTALS)
        return None if text is None else parse_totals(text)
