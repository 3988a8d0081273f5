"""A module like pynvml, with as many GPUs and as many faults as a test wants."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

TEXTS = {
    1: "Uninitialized",
    3: "Not Supported",
    4: "Insufficient Permissions",
    6: "Not Found",
    9: "Driver Not Loaded",
    12: "NVML Shared Library Not Found",
    13: "Function Not Found",
    15: "GPU is lost",
    16: "GPU requires restart",
    18: "RM has detected an NVML/RM version mismatch.",
    25: "Argument Version Mismatch",
    999: "Unknown Error",
}
MOST_PARTS = 7
# In the place of a return code: what the driver answers is no UTF-8.
UNDECODABLE = -1

Handle = int | tuple[int, int]


class FakeNvmlError(Exception):
    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.value = value

    def __str__(self) -> str:
        return TEXTS[self.value]


@dataclass
class FakeNvml:
    """The handle of a GPU is its index, that of a part the index and the MIG index.

    Attributes:
        faults: Function name, or (function name, handle), → NVML's return code.
        parts: Index of a divided GPU → MIG index → UUID.
    """

    uuids: list[str] = field(default_factory=lambda: ["GPU-a"])
    faults: dict[str | tuple[str, Handle], int] = field(default_factory=dict)
    parts: dict[int, dict[int, str]] = field(default_factory=dict)
    memory_total_bytes: int = 12288 * 2**20
    energy_mj: int = 123456
    calls: list[str] = field(default_factory=list)

    NVMLError = FakeNvmlError
    NVML_TEMPERATURE_GPU = 0
    nvmlMemory_v2 = 33554472  # noqa: N815 - pynvml's own name

    def _answer(self, name: str, value: Callable[..., Any]) -> Callable[..., Any]:
        def function(*arguments: Any, **keywords: Any) -> Any:
            handle = arguments[0] if arguments else 0
            called = f"{name}_v2" if keywords else name
            self.calls.append(called)
            for key in (called, (called, handle)):
                if self.faults.get(key) == UNDECODABLE:
                    return b"\xff\xfe".decode()
                if key in self.faults:
                    raise FakeNvmlError(self.faults[key])
            return value(*arguments)

        return function

    def _uuid(self, handle: Handle) -> str:
        return self.uuids[handle] if isinstance(handle, int) else self.parts[handle[0]][handle[1]]

    def _name(self, handle: Handle) -> str:
        return "Fake RTX" if isinstance(handle, int) else "Fake RTX MIG 1g.5gb"

    def _memory(self, handle: Handle) -> SimpleNamespace:
        used, total = 2756 * 2**20, self.memory_total_bytes
        if isinstance(handle, tuple):
            used, total = used // 8, total // 8
        return SimpleNamespace(used=used, total=total)

    def _mig_mode(self, index: int) -> list[int]:
        if not self.parts:
            raise FakeNvmlError(3)
        return [int(index in self.parts), 0]

    def _part(self, index: int, mig_index: int) -> tuple[int, int]:
        if mig_index not in self.parts[index]:
            raise FakeNvmlError(6)
        return (index, mig_index)

    def __getattr__(self, name: str) -> Any:
        values: dict[str, Callable[..., Any]] = {
            "nvmlInit": lambda: None,
            "nvmlShutdown": lambda: None,
            "nvmlDeviceGetCount": lambda: len(self.uuids),
            "nvmlDeviceGetHandleByIndex": lambda index: index,
            "nvmlDeviceGetUUID": self._uuid,
            "nvmlDeviceGetName": self._name,
            "nvmlDeviceGetUtilizationRates": lambda handle: SimpleNamespace(gpu=7, memory=5),
            "nvmlDeviceGetMemoryInfo": self._memory,
            "nvmlDeviceGetTemperatureV": lambda handle, sensor: 46,
            "nvmlDeviceGetTemperature": lambda handle, sensor: 45,
            "nvmlDeviceGetPowerUsage": lambda handle: 45200,
            "nvmlDeviceGetEnforcedPowerLimit": lambda handle: 170000,
            "nvmlDeviceGetPowerManagementLimit": lambda handle: 180000,
            "nvmlDeviceGetTotalEnergyConsumption": lambda handle: self.energy_mj,
            "nvmlDeviceGetCurrentClocksEventReasons": lambda handle: 1,
            "nvmlDeviceGetCurrentClocksThrottleReasons": lambda handle: 4,
            "nvmlDeviceGetMigMode": self._mig_mode,
            "nvmlDeviceGetMaxMigDeviceCount": lambda index: MOST_PARTS,
            "nvmlDeviceGetMigDeviceHandleByIndex": self._part,
        }
        if name not in values or self.faults.get(f"absent:{name}"):
            raise AttributeError(name)
        return self._answer(name, values[name])
