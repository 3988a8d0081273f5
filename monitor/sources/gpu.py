"""The GPUs as NVML sees them. Every metric may fail alone; nothing here raises."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.sample import GpuReading

try:
    import pynvml
except ImportError:
    pynvml = None

# NVML's own return codes; they are part of its ABI, and a fake needs no driver to use them.
UNINITIALIZED = 1
NOT_SUPPORTED = 3
DRIVER_NOT_LOADED = 9
LIBRARY_NOT_FOUND = 12
FUNCTION_NOT_FOUND = 13
GPU_IS_LOST = 15
RESET_REQUIRED = 16
VERSION_MISMATCH = 18
ARGUMENT_VERSION_MISMATCH = 25
UNKNOWN = 999

NO_LIBRARY = "NVML was not found: no NVIDIA driver on this machine"
HOPELESS = {
    LIBRARY_NOT_FOUND: NO_LIBRARY,
    DRIVER_NOT_LOADED: "the NVIDIA driver is not loaded",
    VERSION_MISMATCH: "NVML and the NVIDIA driver are of different versions; a reboot mends that",
}
UNSUPPORTED = frozenset({NOT_SUPPORTED, FUNCTION_NOT_FOUND, ARGUMENT_VERSION_MISMATCH})
LOST = frozenset({GPU_IS_LOST, RESET_REQUIRED})
STALE = frozenset({UNINITIALIZED, UNKNOWN})

FIRST_BACK_OFF_S = 1.0
LONGEST_BACK_OFF_S = 60.0

Values = Mapping[str, Any]
Reader = Callable[[Any, Any], Values]


def _utilization(nvml: Any, handle: Any) -> Values:
    rates = nvml.nvmlDeviceGetUtilizationRates(handle)
    return {"utilization_percent": rates.gpu, "memory_busy_percent": rates.memory}


def _memory(nvml: Any, handle: Any) -> Values:
    try:
        # The second version leaves the driver's own share out of `used`, as nvidia-smi does.
        memory = nvml.nvmlDeviceGetMemoryInfo(handle, version=nvml.nvmlMemory_v2)
    except (nvml.NVMLError, AttributeError) as error:
        if _code(error) not in UNSUPPORTED:
            raise
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    if not memory.total:
        # A chip that shares the host's memory has none of its own to report.
        raise nvml.NVMLError(NOT_SUPPORTED)
    return {"memory_used_bytes": memory.used, "memory_total_bytes": memory.total}


def _temperature(nvml: Any, handle: Any) -> Values:
    sensor = nvml.NVML_TEMPERATURE_GPU
    try:
        celsius = nvml.nvmlDeviceGetTemperatureV(handle, sensor)
    except (nvml.NVMLError, AttributeError) as error:
        if _code(error) not in UNSUPPORTED:
            raise
        celsius = nvml.nvmlDeviceGetTemperature(handle, sensor)
    return {"temperature_celsius": celsius}


READERS: Mapping[str, Reader] = {
    "name": lambda nvml, handle: {"name": nvml.nvmlDeviceGetName(handle)},
    "utilization": _utilization,
    "memory": _memory,
    "temperature": _temperature,
    "power": lambda nvml, handle: {"power_mw": nvml.nvmlDeviceGetPowerUsage(handle)},
    "energy": lambda nvml, handle: {"energy_mj": nvml.nvmlDeviceGetTotalEnergyConsumption(handle)},
    "clocks_event_reasons": lambda nvml, handle: {
        "clocks_event_reasons": nvml.nvmlDeviceGetCurrentClocksEventReasons(handle)
    },
}


def _code(error: Exception) -> int:
    """A binding too old to know a function is as good as a driver that does not."""
    if isinstance(error, AttributeError):
        return FUNCTION_NOT_FOUND
    code = getattr(error, "value", UNKNOWN)
    return code if isinstance(code, int) else UNKNOWN


@dataclass
class _Device:
    index: int
    handle: Any = None
    uuid: str | None = None
    name: str | None = None
    lost: str | None = None
    unsupported: dict[str, str] = field(default_factory=dict)


class GpuReader:
    """Keeps NVML open, and remembers what a GPU cannot say.

    Args:
        nvml: A module with pynvml's functions; None when there is none.
    """

    def __init__(self, nvml: Any = pynvml) -> None:
        self._nvml = nvml
        self._devices: list[_Device] = []
        self._open = False
        self._given_up = nvml is None
        self._retry_at_s: float | None = None
        self._back_off_s = FIRST_BACK_OFF_S
        self.reason: str | None = (
            "the Python package nvidia-ml-py is not installed" if nvml is None else None
        )

    def read(self, now_s: float) -> tuple[GpuReading, ...]:
        """Every GPU, in NVML's order; `self.reason` says why there is none.

        Args:
            now_s: Monotonic time, for the back-off after an unknown error.
        """
        due = self._retry_at_s is None or now_s >= self._retry_at_s
        if not self._given_up and due and (not self._open or self._retry_at_s is not None):
            self._start(now_s)
        readings = tuple(self._read_device(device, now_s) for device in self._devices)
        if self._open and self._retry_at_s is None:
            self._back_off_s = FIRST_BACK_OFF_S
        return readings

    def close(self) -> None:
        if self._open:
            self._open = False
            try:
                self._nvml.nvmlShutdown()
            except self._nvml.NVMLError:
                return

    def _start(self, now_s: float) -> None:
        self.close()
        self._retry_at_s = None
        try:
            self._nvml.nvmlInit()
            self._open = True
            count = self._nvml.nvmlDeviceGetCount()
        except (self._nvml.NVMLError, AttributeError) as error:
            self._failed_to_start(error, now_s)
            return
        self.reason = None if count else "NVML finds no GPU"
        known = self._devices
        self._devices = [self._device(index, known, now_s) for index in range(count)]
        # One that fell off the bus is counted no more, and the others may have moved up.
        found = {id(device) for device in self._devices}
        self._devices += [d for d in known if d.lost is not None and id(d) not in found]

    def _failed_to_start(self, error: Exception, now_s: float) -> None:
        code = _code(error)
        self._devices = []
        if code in HOPELESS:
            self.reason = HOPELESS[code]
            self._given_up = True
        else:
            self.reason = f"NVML failed: {error}"
            self._try_again(now_s)

    def _device(self, index: int, known: list[_Device], now_s: float) -> _Device:
        try:
            handle = self._nvml.nvmlDeviceGetHandleByIndex(index)
            uuid = self._nvml.nvmlDeviceGetUUID(handle)
        except (self._nvml.NVMLError, AttributeError, UnicodeError) as error:
            device = next((d for d in known if d.index == index), _Device(index))
            device.handle = None
            if _code(error) in LOST:
                device.lost = str(error)
            else:
                self._try_again(now_s)
            return device
        # By UUID, for an index may change hands.
        device = next((d for d in known if d.uuid == uuid), _Device(index))
        device.index, device.handle, device.uuid, device.lost = index, handle, uuid, None
        return device

    def _try_again(self, now_s: float) -> None:
        if self._retry_at_s is None:
            self._retry_at_s = now_s + self._back_off_s
            self._back_off_s = min(2 * self._back_off_s, LONGEST_BACK_OFF_S)

    def _read_device(self, device: _Device, now_s: float) -> GpuReading:
        values: dict[str, Any] = {}
        missing = dict(device.unsupported)
        for metric, reader in READERS.items():
            if metric in missing:
                continue
            if device.lost is not None:
                missing[metric] = device.lost
            elif device.handle is None:
                missing[metric] = "this GPU cannot be opened"
            else:
                self._read_metric(device, metric, reader, values, missing, now_s)
        # Who a GPU is outlives the moment in which it stops answering.
        device.name = values.pop("name", None) or device.name
        if device.name is not None:
            missing.pop("name", None)
        return GpuReading(
            index=device.index, uuid=device.uuid, name=device.name, missing=missing, **values
        )

    def _read_metric(
        self,
        device: _Device,
        metric: str,
        reader: Reader,
        values: dict[str, Any],
        missing: dict[str, str],
        now_s: float,
    ) -> None:
        try:
            values.update(reader(self._nvml, device.handle))
        except (self._nvml.NVMLError, AttributeError, UnicodeError) as error:
            code = _code(error)
            reason = "not supported" if code in UNSUPPORTED else str(error)
            missing[metric] = reason
            if code in UNSUPPORTED:
                device.unsupported[metric] = reason
            elif code in LOST:
                device.lost = reason
            elif code in STALE:
                self._try_again(now_s)
