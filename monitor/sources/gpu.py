"""The GPUs as NVML sees them. Every metric may fail alone, and a reading never raises."""

from collections.abc import Callable, Sequence
from typing import Any

from monitor.sample import GpuReading
from monitor.sources.gpu_device import Device
from monitor.sources.gpu_selection import Candidate, Unselected, select
from monitor.sources.host import HostMemory, read_memory
from monitor.sources.nvml_calls import HOPELESS, LOST, UNSUPPORTED, code_of

try:
    import pynvml
except ImportError:
    pynvml = None

FIRST_BACK_OFF_S = 1.0
LONGEST_BACK_OFF_S = 60.0
NO_BINDING = "the Python package nvidia-ml-py is not installed"
NO_GPU = "NVML finds no GPU"
GONE = "none of the GPUs asked for is there now"


class GpuReader:
    """Keeps NVML open, and remembers what a GPU cannot say.

    Args:
        nvml: A module with pynvml's functions; None when there is none.
        only: The GPUs to read, each by NVML's index, its UUID or the beginning of one; empty for
            all. Of a divided GPU (MIG) that is chosen all parts are read too; a part may be
            chosen alone, by its own UUID.
        host_memory: Told in the place of a chip's own where it has none.
    """

    def __init__(
        self,
        nvml: Any = pynvml,
        *,
        only: Sequence[str] = (),
        host_memory: Callable[[], HostMemory | None] = read_memory,
    ) -> None:
        self._nvml = nvml
        self._only = tuple(only)
        self._host_memory = host_memory
        self._chosen: frozenset[str | int] | None = None
        self._devices: list[Device] = []
        self._open = False
        self._given_up = nvml is None
        self._retry_at_s: float | None = None
        self._back_off_s = FIRST_BACK_OFF_S
        self._no_nvml: str | None = NO_BINDING if nvml is None else None
        self.reason = self._no_nvml

    def check(self, now_s: float) -> None:
        """Whether what `only` names is there. Without NVML nobody can tell, and nothing is wrong.

        Raises:
            Unselected: one of the names fits no GPU or several.
        """
        self._look(now_s)
        if self._only and (self._devices or self._no_nvml == NO_GPU):
            self._choose()

    def read(self, now_s: float) -> tuple[GpuReading, ...]:
        """The GPUs in NVML's order, each before its parts; `self.reason` says why there is none.

        Args:
            now_s: Monotonic time, for the back-off after an unknown error.
        """
        self._look(now_s)
        self.reason = self._no_nvml
        readings: list[GpuReading] = []
        try:
            for device in self._devices:
                readings += self._readings(device)
        except Unselected as error:
            self.reason = str(error)
        if any(device.stale for device in self._devices):
            self._try_again(now_s)
        elif self._open and self._retry_at_s is None:
            self._back_off_s = FIRST_BACK_OFF_S
        if self._devices and not readings and self.reason is None:
            self.reason = GONE
        return tuple(readings)

    def close(self) -> None:
        if self._open:
            self._open = False
            try:
                self._nvml.nvmlShutdown()
            except self._nvml.NVMLError:
                return

    def _look(self, now_s: float) -> None:
        due = self._retry_at_s is None or now_s >= self._retry_at_s
        if not self._given_up and due and (not self._open or self._retry_at_s is not None):
            self._start(now_s)
        for device in self._devices:
            device.find_parts(self._nvml)

    def _readings(self, device: Device) -> list[GpuReading]:
        parts = device.parts
        if self._only:
            chosen = self._choose()
            if _candidate(device).key not in chosen:
                parts = tuple(part for part in parts if part.uuid in chosen)
                return [device.read_part(self._nvml, part) for part in parts]
        whole = device.read(self._nvml, self._host_memory)
        return [whole, *(device.read_part(self._nvml, part) for part in parts)]

    def _choose(self) -> frozenset[str | int]:
        if self._chosen is not None:
            return self._chosen
        candidates = [
            candidate
            for device in self._devices
            for candidate in (
                _candidate(device),
                *(Candidate(device.index, part.uuid, part.mig_index) for part in device.parts),
            )
        ]
        chosen = select(self._only, candidates)
        if all(candidate.uuid is not None for candidate in candidates):
            self._chosen = chosen
        return chosen

    def _start(self, now_s: float) -> None:
        self.close()
        self._retry_at_s = None
        for device in self._devices:
            device.stale = False
        try:
            self._nvml.nvmlInit()
            self._open = True
            count = self._nvml.nvmlDeviceGetCount()
        except (self._nvml.NVMLError, AttributeError) as error:
            self._failed_to_start(error, now_s)
            return
        self._no_nvml = None if count else NO_GPU
        known = self._devices
        self._devices = [self._device(index, known, now_s) for index in range(count)]
        # One that fell off the bus is counted no more, and the others may have moved up.
        found = {id(device) for device in self._devices}
        self._devices += [d for d in known if d.lost is not None and id(d) not in found]

    def _failed_to_start(self, error: Exception, now_s: float) -> None:
        code = code_of(error)
        self._devices = []
        if code in HOPELESS:
            self._no_nvml = HOPELESS[code]
            self._given_up = True
        else:
            self._no_nvml = f"NVML failed: {error}"
            self._try_again(now_s)

    def _device(self, index: int, known: list[Device], now_s: float) -> Device:
        try:
            handle = self._nvml.nvmlDeviceGetHandleByIndex(index)
            uuid = self._uuid(handle)
        except (self._nvml.NVMLError, AttributeError) as error:
            device = next((d for d in known if d.index == index), Device(index))
            device.handle = None
            if code_of(error) in LOST:
                device.lost = str(error)
            else:
                self._try_again(now_s)
            return device
        # By UUID, for an index may change hands.
        same = (d for d in known if d.uuid == uuid and (uuid is not None or d.index == index))
        device = next(same, Device(index))
        device.index, device.handle, device.uuid, device.lost = index, handle, uuid, None
        return device

    def _uuid(self, handle: Any) -> str | None:
        try:
            uuid: str = self._nvml.nvmlDeviceGetUUID(handle)
        except UnicodeError:
            return None
        except (self._nvml.NVMLError, AttributeError) as error:
            if code_of(error) not in UNSUPPORTED:
                raise
            return None
        return uuid

    def _try_again(self, now_s: float) -> None:
        if self._retry_at_s is None:
            self._retry_at_s = now_s + self._back_off_s
            self._back_off_s = min(2 * self._back_off_s, LONGEST_BACK_OFF_S)


def _candidate(device: Device) -> Candidate:
    return Candidate(device.index, device.uuid)
