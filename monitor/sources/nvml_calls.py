"""What NVML is asked about a GPU, metric by metric, and what its return codes mean."""

from collections.abc import Callable, Mapping
from typing import Any

# NVML's own return codes; they are part of its ABI, and a fake needs no driver to use them.
UNINITIALIZED = 1
NOT_SUPPORTED = 3
NOT_FOUND = 6
DRIVER_NOT_LOADED = 9
LIBRARY_NOT_FOUND = 12
FUNCTION_NOT_FOUND = 13
GPU_IS_LOST = 15
RESET_REQUIRED = 16
VERSION_MISMATCH = 18
ARGUMENT_VERSION_MISMATCH = 25
UNKNOWN = 999

HOPELESS = {
    LIBRARY_NOT_FOUND: "NVML was not found: no NVIDIA driver on this machine",
    DRIVER_NOT_LOADED: "the NVIDIA driver is not loaded",
    VERSION_MISMATCH: "NVML and the NVIDIA driver are of different versions; a reboot mends that",
}
UNSUPPORTED = frozenset({NOT_SUPPORTED, FUNCTION_NOT_FOUND, ARGUMENT_VERSION_MISMATCH})
LOST = frozenset({GPU_IS_LOST, RESET_REQUIRED})
STALE = frozenset({UNINITIALIZED, UNKNOWN})

MIG_ENABLED = 1

Values = Mapping[str, Any]
Reader = Callable[[Any, Any], Values]


def code_of(error: Exception) -> int:
    """A binding too old to know a function is as good as a driver that does not."""
    if isinstance(error, AttributeError):
        return FUNCTION_NOT_FOUND
    code = getattr(error, "value", UNKNOWN)
    return code if isinstance(code, int) else UNKNOWN


def _newer_or_older(nvml: Any, newer: Callable[[], Any], older: Callable[[], Any]) -> Any:
    try:
        return newer()
    except (nvml.NVMLError, AttributeError) as error:
        if code_of(error) not in UNSUPPORTED:
            raise
        return older()


def _utilization(nvml: Any, handle: Any) -> Values:
    rates = nvml.nvmlDeviceGetUtilizationRates(handle)
    return {"utilization_percent": rates.gpu, "memory_busy_percent": rates.memory}


def _own_memory(nvml: Any, handle: Any) -> Values:
    memory = _newer_or_older(
        nvml,
        # The second version leaves the driver's own share out of `used`, as nvidia-smi does.
        lambda: nvml.nvmlDeviceGetMemoryInfo(handle, version=nvml.nvmlMemory_v2),
        lambda: nvml.nvmlDeviceGetMemoryInfo(handle),
    )
    if not memory.total:
        raise nvml.NVMLError(NOT_SUPPORTED)
    return {"memory_used_bytes": memory.used, "memory_total_bytes": memory.total}


def _memory(nvml: Any, handle: Any) -> Values:
    """A chip's own memory, or that it has none and shares the host's.

    NVML has no question for that. Names age, and the addressing mode says ATS on a Grace Hopper
    too, which has memory of its own and tells it. What the chips without any have in common is
    that asking for their memory alone is not supported, or gives a total of 0.

    Source: nvtop and Ollama go by the same sign; a GB10 was seen to answer so, driver 580.
    """
    try:
        return _own_memory(nvml, handle)
    except nvml.NVMLError as error:
        if code_of(error) != NOT_SUPPORTED:
            raise
        return {"memory_is_unified": True}


def _temperature(nvml: Any, handle: Any) -> Values:
    sensor = nvml.NVML_TEMPERATURE_GPU
    celsius = _newer_or_older(
        nvml,
        lambda: nvml.nvmlDeviceGetTemperatureV(handle, sensor),
        lambda: nvml.nvmlDeviceGetTemperature(handle, sensor),
    )
    return {"temperature_celsius": celsius}


def _power_limit(nvml: Any, handle: Any) -> Values:
    limit_mw = _newer_or_older(
        nvml,
        # The lowest of all that limit the card; the other is only what was set by hand.
        lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle),
        lambda: nvml.nvmlDeviceGetPowerManagementLimit(handle),
    )
    return {"power_limit_mw": limit_mw}


def _clocks_event_reasons(nvml: Any, handle: Any) -> Values:
    reasons = _newer_or_older(
        nvml,
        lambda: nvml.nvmlDeviceGetCurrentClocksEventReasons(handle),
        lambda: nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle),
    )
    return {"clocks_event_reasons": reasons}


IDENTITY_READERS: Mapping[str, Reader] = {
    "uuid": lambda nvml, handle: {"uuid": nvml.nvmlDeviceGetUUID(handle)},
    "name": lambda nvml, handle: {"name": nvml.nvmlDeviceGetName(handle)},
}
READERS: Mapping[str, Reader] = {
    "name": IDENTITY_READERS["name"],
    "utilization": _utilization,
    "memory": _memory,
    "temperature": _temperature,
    "power": lambda nvml, handle: {"power_mw": nvml.nvmlDeviceGetPowerUsage(handle)},
    "power_limit": _power_limit,
    "energy": lambda nvml, handle: {"energy_mj": nvml.nvmlDeviceGetTotalEnergyConsumption(handle)},
    "clocks_event_reasons": _clocks_event_reasons,
}
PART_READERS: Mapping[str, Reader] = {"memory": _own_memory}


def is_divided(nvml: Any, handle: Any) -> bool:
    current, _ = nvml.nvmlDeviceGetMigMode(handle)
    return bool(current == MIG_ENABLED)


def part_handles(nvml: Any, handle: Any) -> dict[int, Any]:
    """The parts of a divided GPU by their MIG index; some of the indices may be free."""
    handles = {}
    for mig_index in range(nvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
        try:
            handles[mig_index] = nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, mig_index)
        except nvml.NVMLError as error:
            if code_of(error) != NOT_FOUND:
                raise
    return handles
