"""One GPU: what it says now, and what is remembered of it. Nothing here raises."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from monitor.sample import TOLD_FOR_THE_WHOLE, GpuReading
from monitor.sources.host import HostMemory
from monitor.sources.nvml_calls import (
    IDENTITY_READERS,
    LOST,
    PART_READERS,
    READERS,
    STALE,
    UNSUPPORTED,
    Reader,
    code_of,
    is_divided,
    part_handles,
)

DIVIDED = "not known while the GPU is divided (MIG)"
NOT_OF_A_PART = {
    metric: TOLD_FOR_THE_WHOLE for metric in READERS if metric not in {"name", *PART_READERS}
}
NOT_SUPPORTED_REASON = "not supported"
NO_TEXT = "the driver answered something that is no text"
NO_UUID = "the driver tells none"
NOT_OPEN = "this GPU cannot be opened"
NO_HOST_MEMORY = "the chip shares the host's memory, and this system has no /proc/meminfo"


@dataclass(frozen=True)
class Part:
    """A piece of a divided GPU (MIG), with memory of its own."""

    mig_index: int
    handle: Any
    uuid: str | None = None
    name: str | None = None
    missing: Mapping[str, str] = field(default_factory=dict)


class Device:
    """A GPU is the same one for as long as its UUID is; its index and handle may change.

    Attributes:
        handle: None while NVML does not give one.
        lost: Why it will not answer again; None for one that answers.
        stale: Whether NVML should be opened anew.
        parts: The last known ones.
    """

    def __init__(self, index: int) -> None:
        self.index = index
        self.handle: Any = None
        self.uuid: str | None = None
        self.lost: str | None = None
        self.stale = False
        self.parts: tuple[Part, ...] = ()
        self._name: str | None = None
        self._divided = False
        self._undividable = False
        self._no_parts: str | None = None
        self._unsupported: set[str] = set()
        self._energy_mj: int | None = None

    def find_parts(self, nvml: Any) -> None:
        """They come and go while the GPU runs, so they are looked for each time."""
        if self._undividable or self.lost is not None or self.handle is None:
            return
        self._no_parts = None
        try:
            self._divided = is_divided(nvml, self.handle)
            handles = part_handles(nvml, self.handle) if self._divided else {}
        except (nvml.NVMLError, AttributeError) as error:
            self._undividable = code_of(error) in UNSUPPORTED
            if not self._undividable:
                self._no_parts = self._why(error)
            # What they are is still known, but a handle does not outlive the asking.
            self.parts = tuple(replace(part, handle=None) for part in self.parts)
            return
        self.parts = tuple(self._part(nvml, *found) for found in handles.items())

    def _part(self, nvml: Any, mig_index: int, handle: Any) -> Part:
        missing: dict[str, str] = {}
        identity = self._ask(nvml, handle, IDENTITY_READERS, missing)
        return Part(mig_index, handle, **identity, missing=missing)

    def read(self, nvml: Any, host_memory: Callable[[], HostMemory | None]) -> GpuReading:
        missing = dict.fromkeys(self._unsupported, NOT_SUPPORTED_REASON)
        if self._divided:
            missing["utilization"] = DIVIDED
        values = self._ask(nvml, self.handle, READERS, missing)
        self._unsupported |= {m for m, why in missing.items() if why == NOT_SUPPORTED_REASON}
        if self._no_parts is not None:
            missing["parts"] = self._no_parts
        if self.uuid is None and self.handle is not None and self.lost is None:
            missing["uuid"] = NO_UUID
        if values.get("memory_is_unified"):
            memory = host_memory()
            if memory is None:
                missing["memory"] = NO_HOST_MEMORY
            else:
                values["memory_used_bytes"] = memory.used_bytes
                values["memory_total_bytes"] = memory.total_bytes
        # Who a GPU is outlives the moment in which it stops answering.
        self._name = values.pop("name", None) or self._name
        if self._name is not None:
            missing.pop("name", None)
        return GpuReading(
            index=self.index,
            uuid=self.uuid,
            name=self._name,
            missing=missing,
            interval_energy_mj=self._used_since_the_reading_before(values.get("energy_mj")),
            **values,
        )

    def read_part(self, nvml: Any, part: Part) -> GpuReading:
        missing = {**part.missing, **NOT_OF_A_PART}
        values = self._ask(nvml, part.handle, PART_READERS, missing)
        return GpuReading(
            index=self.index,
            uuid=part.uuid,
            name=part.name,
            missing=missing,
            mig_index=part.mig_index,
            **values,
        )

    def _used_since_the_reading_before(self, energy_mj: int | None) -> int | None:
        before_mj, self._energy_mj = self._energy_mj, energy_mj
        # The counter starts again with the driver, and what it had reached by then is gone.
        if before_mj is None or energy_mj is None or energy_mj < before_mj:
            return None
        return energy_mj - before_mj

    def _ask(
        self, nvml: Any, handle: Any, readers: Mapping[str, Reader], missing: dict[str, str]
    ) -> dict[str, Any]:
        """What `missing` has a reason for is not asked; what fails now is added to it."""
        values: dict[str, Any] = {}
        for metric, reader in readers.items():
            if metric in missing:
                continue
            if self.lost is not None:
                missing[metric] = self.lost
            elif handle is None or self.handle is None:
                missing[metric] = NOT_OPEN
            else:
                try:
                    values.update(reader(nvml, handle))
                except (nvml.NVMLError, AttributeError, UnicodeError) as error:
                    missing[metric] = self._why(error)
        return values

    def _why(self, error: Exception) -> str:
        """In words; what it means for the GPU as a whole is kept."""
        if isinstance(error, UnicodeError):
            return NO_TEXT
        code = code_of(error)
        if code in UNSUPPORTED:
            return NOT_SUPPORTED_REASON
        if code in LOST:
            self.lost = str(error)
        elif code in STALE:
            self.stale = True
        return str(error)
