"""A module like pynvml, with as many GPUs and as many faults as a test wants."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

TEXTS = {
    1: "Uninitialized",
    3: "Not Supported",
    4: "Insufficient Permissions",
    9: "Driver Not Loaded",
    12: "NVML Shared Library Not Found",
    13: "Function Not Found",
    15: "GPU is lost",
    18: "RM has detected an NVML/RM version mismatch.",
    25: "Argument Version Mismatch",
    999: "Unknown Error",
}


class FakeNvmlError(Exception):
    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.value = value

    def __str__(self) -> str:
        return TEXTS[self.value]


@dataclass
class FakeNvml:
    """`faults`: function name, or (function name, GPU index), → NVML's return code."""

    uuids: list[str] = field(default_factory=lambda: ["GPU-a"])
    faults: dict[str | tuple[str, int], int] = field(default_factory=dict)
    memory_total_bytes: int = 12288 * 2**20
    calls: list[str] = field(default_factory=list)

    NVMLError = FakeNvmlError
    NVML_TEMPERATURE_GPU = 0
    nvmlMemory_v2 = 33554472  # noqa: N815 - pynvml's own name

    def _answer(self, name: str, value: Callable[[int], Any]) -> Callable[..., Any]:
        def function(*arguments: Any, **keywords: Any) -> Any:
            index = arguments[0] if arguments else None
            version = "_v2" if keywords else ""
            self.calls.append(f"{name}{version}")
            for key in (f"{name}{version}", (f"{name}{version}", index)):
                if key in self.faults:
                    raise FakeNvmlError(self.faults[key])
            return value(index if isinstance(index, int) else 0)

        return function

    def __getattr__(self, name: str) -> Any:
        memory = SimpleNamespace(used=2756 * 2**20, total=self.memory_total_bytes)
        values: dict[str, Callable[[int], Any]] = {
            "nvmlInit": lambda index: None,
            "nvmlShutdown": lambda index: None,
            "nvmlDeviceGetCount": lambda index: len(self.uuids),
            "nvmlDeviceGetHandleByIndex": lambda index: index,
            "nvmlDeviceGetUUID": lambda index: self.uuids[index],
            "nvmlDeviceGetName": lambda index: "Fake RTX",
            "nvmlDeviceGetUtilizationRates": lambda index: SimpleNamespace(gpu=7, memory=5),
            "nvmlDeviceGetMemoryInfo": lambda index: memory,
            "nvmlDeviceGetTemperatureV": lambda index: 46,
            "nvmlDeviceGetTemperature": lambda index: 45,
            "nvmlDeviceGetPowerUsage": lambda index: 45200,
            "nvmlDeviceGetTotalEnergyConsumption": lambda index: 123456,
            "nvmlDeviceGetCurrentClocksEventReasons": lambda index: 1,
        }
        if name not in values or self.faults.get(f"absent:{name}"):
            raise AttributeError(name)
        return self._answer(name, values[name])
