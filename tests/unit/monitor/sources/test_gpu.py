from typing import Any

import pynvml
import pytest

from monitor.sample import GpuReading
from monitor.sources import gpu
from monitor.sources.gpu import READERS, GpuReader
from tests.unit.monitor.sources.fake_nvml import FakeNvml

HEALTHY = GpuReading(
    index=0,
    uuid="GPU-a",
    name="Fake RTX",
    utilization_percent=7,
    memory_busy_percent=5,
    memory_used_bytes=2756 * 2**20,
    memory_total_bytes=12288 * 2**20,
    temperature_celsius=46,
    power_mw=45200,
    energy_mj=123456,
    clocks_event_reasons=1,
)


def test_a_healthy_gpu_is_read_whole_with_nothing_missing() -> None:
    reader = GpuReader(FakeNvml())
    assert reader.read(0.0) == (HEALTHY,)
    assert reader.reason is None
    assert HEALTHY.memory_ratio == pytest.approx(2756 / 12288)


def test_without_the_binding_there_are_no_gpus_and_a_reason() -> None:
    reader = GpuReader(None)
    assert reader.read(0.0) == ()
    assert reader.reason == "the Python package nvidia-ml-py is not installed"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (12, "NVML was not found: no NVIDIA driver on this machine"),
        (9, "the NVIDIA driver is not loaded"),
        (18, "NVML and the NVIDIA driver are of different versions; a reboot mends that"),
    ],
)
def test_a_machine_without_a_working_driver_is_asked_once(code: int, reason: str) -> None:
    nvml = FakeNvml(faults={"nvmlInit": code})
    reader = GpuReader(nvml)
    assert [reader.read(float(second)) for second in range(100)] == [()] * 100
    assert reader.reason == reason
    assert nvml.calls == ["nvmlInit"]


def test_a_driver_without_a_gpu_says_so() -> None:
    reader = GpuReader(FakeNvml(uuids=[]))
    assert reader.read(0.0) == ()
    assert reader.reason == "NVML finds no GPU"


@pytest.mark.parametrize("metric", sorted(READERS))
def test_one_unsupported_metric_costs_only_itself_and_is_not_asked_again(metric: str) -> None:
    functions = {
        "name": "nvmlDeviceGetName",
        "utilization": "nvmlDeviceGetUtilizationRates",
        "memory": "nvmlDeviceGetMemoryInfo",
        "temperature": "nvmlDeviceGetTemperature",
        "power": "nvmlDeviceGetPowerUsage",
        "energy": "nvmlDeviceGetTotalEnergyConsumption",
        "clocks_event_reasons": "nvmlDeviceGetCurrentClocksEventReasons",
    }
    fields = {
        "name": ["name"],
        "utilization": ["utilization_percent", "memory_busy_percent"],
        "memory": ["memory_used_bytes", "memory_total_bytes"],
        "temperature": ["temperature_celsius"],
        "power": ["power_mw"],
        "energy": ["energy_mj"],
        "clocks_event_reasons": ["clocks_event_reasons"],
    }
    function = functions[metric]
    newer: dict[str | tuple[str, int], int] = {
        "nvmlDeviceGetMemoryInfo_v2": 13,
        "nvmlDeviceGetTemperatureV": 13,
    }
    nvml = FakeNvml(faults={**newer, function: 3})
    reader = GpuReader(nvml)
    (reading,) = reader.read(0.0)
    expected = {**vars(HEALTHY), "missing": {metric: "not supported"}}
    if metric != "temperature":
        expected["temperature_celsius"] = 45
    expected.update(dict.fromkeys(fields[metric]))
    assert vars(reading) == expected
    asked = nvml.calls.count(function)
    assert reader.read(1.0) == (reading,)
    assert nvml.calls.count(function) == asked == 1


def test_an_old_driver_is_asked_for_temperature_and_memory_the_old_way() -> None:
    nvml = FakeNvml(faults={"nvmlDeviceGetTemperatureV": 13, "nvmlDeviceGetMemoryInfo_v2": 25})
    (reading,) = GpuReader(nvml).read(0.0)
    assert reading.temperature_celsius == 45
    assert reading.memory_used_bytes == 2756 * 2**20
    assert reading.missing == {}


def test_an_old_binding_without_a_function_is_like_an_old_driver() -> None:
    nvml = FakeNvml(
        faults={
            "absent:nvmlDeviceGetTemperatureV": 1,
            "absent:nvmlDeviceGetCurrentClocksEventReasons": 1,
        }
    )
    (reading,) = GpuReader(nvml).read(0.0)
    assert reading.temperature_celsius == 45
    assert reading.missing == {"clocks_event_reasons": "not supported"}


def test_a_chip_that_shares_the_hosts_memory_has_no_memory_reading() -> None:
    (reading,) = GpuReader(FakeNvml(memory_total_bytes=0)).read(0.0)
    assert (reading.memory_used_bytes, reading.memory_total_bytes) == (None, None)
    assert reading.memory_ratio is None
    assert reading.missing == {"memory": "not supported"}


def test_a_refused_metric_is_asked_again_each_time() -> None:
    nvml = FakeNvml(faults={"nvmlDeviceGetPowerUsage": 4})
    reader = GpuReader(nvml)
    (reading,) = reader.read(0.0)
    assert reading.power_mw is None
    assert reading.missing == {"power": "Insufficient Permissions"}
    del nvml.faults["nvmlDeviceGetPowerUsage"]
    assert reader.read(1.0) == (HEALTHY,)


def test_a_lost_gpu_leaves_the_other_alone_and_keeps_its_name() -> None:
    nvml = FakeNvml(uuids=["GPU-a", "GPU-b"])
    reader = GpuReader(nvml)
    reader.read(0.0)
    nvml.faults["nvmlDeviceGetUtilizationRates", 1] = 15
    first, second = reader.read(1.0)
    assert first == HEALTHY
    assert (second.uuid, second.name) == ("GPU-b", "Fake RTX")
    assert second.utilization_percent is None
    assert set(second.missing.values()) == {"GPU is lost"}
    asked = len(nvml.calls)
    assert reader.read(2.0) == (first, second)
    assert len(nvml.calls) - asked == len(READERS)


def test_a_gpu_lost_before_it_was_opened_is_still_listed() -> None:
    nvml = FakeNvml(uuids=["GPU-a", "GPU-b"], faults={("nvmlDeviceGetHandleByIndex", 0): 15})
    lost, healthy = GpuReader(nvml).read(0.0)
    assert lost == GpuReading(index=0, missing=dict.fromkeys(READERS, "GPU is lost"))
    assert (healthy.index, healthy.uuid, healthy.utilization_percent) == (1, "GPU-b", 7)


def test_after_an_unknown_error_nvml_is_opened_again_ever_less_often() -> None:
    nvml = FakeNvml(faults={"nvmlDeviceGetUtilizationRates": 999})
    reader = GpuReader(nvml)
    starts = []
    for second in range(40):
        before = nvml.calls.count("nvmlInit")
        (reading,) = reader.read(float(second))
        assert reading.missing == {"utilization": "Unknown Error"}
        assert reading.power_mw == 45200
        if nvml.calls.count("nvmlInit") > before:
            starts.append(second)
    assert starts == [0, 1, 3, 7, 15, 31]


def test_a_gpu_that_recovers_from_an_unknown_error_is_whole_again() -> None:
    nvml = FakeNvml(faults={"nvmlDeviceGetUtilizationRates": 999})
    reader = GpuReader(nvml)
    reader.read(0.0)
    nvml.faults.clear()
    assert reader.read(1.0) == (HEALTHY,)
    nvml.faults["nvmlDeviceGetUtilizationRates"] = 999
    reader.read(2.0)
    opened = nvml.calls.count("nvmlInit")
    reader.read(3.0)
    assert nvml.calls.count("nvmlInit") == opened + 1, "the back-off starts from the beginning"


def test_an_unknown_error_at_the_start_is_tried_again() -> None:
    nvml = FakeNvml(faults={"nvmlInit": 999})
    reader = GpuReader(nvml)
    assert reader.read(0.0) == ()
    assert reader.reason == "NVML failed: Unknown Error"
    nvml.faults.clear()
    assert reader.read(0.5) == ()
    assert reader.read(1.0) == (HEALTHY,)
    assert reader.reason is None


def test_a_gpu_that_moves_up_keeps_its_own_memory_of_what_is_unsupported() -> None:
    nvml = FakeNvml(uuids=["GPU-a", "GPU-b"], faults={("nvmlDeviceGetPowerUsage", 1): 3})
    reader = GpuReader(nvml)
    reader.read(0.0)
    nvml.faults[("nvmlDeviceGetUtilizationRates", 0)] = 15
    nvml.faults[("nvmlDeviceGetName", 1)] = 999
    reader.read(1.0)
    nvml.faults.clear()
    nvml.uuids = ["GPU-b"]
    moved, lost = reader.read(2.0)
    assert (moved.uuid, moved.index, moved.missing) == ("GPU-b", 0, {"power": "not supported"})
    assert (lost.uuid, lost.utilization_percent) == ("GPU-a", None)


def test_closing_shuts_nvml_down_once_and_never_raises() -> None:
    nvml = FakeNvml(faults={"nvmlShutdown": 999})
    reader = GpuReader(nvml)
    reader.close()
    assert nvml.calls == []
    reader.read(0.0)
    reader.close()
    reader.close()
    assert nvml.calls.count("nvmlShutdown") == 1


def test_the_codes_and_functions_are_those_of_the_real_binding() -> None:
    real: Any = pynvml
    names = {
        "UNINITIALIZED": "UNINITIALIZED",
        "NOT_SUPPORTED": "NOT_SUPPORTED",
        "DRIVER_NOT_LOADED": "DRIVER_NOT_LOADED",
        "LIBRARY_NOT_FOUND": "LIBRARY_NOT_FOUND",
        "FUNCTION_NOT_FOUND": "FUNCTION_NOT_FOUND",
        "GPU_IS_LOST": "GPU_IS_LOST",
        "RESET_REQUIRED": "RESET_REQUIRED",
        "VERSION_MISMATCH": "LIB_RM_VERSION_MISMATCH",
        "ARGUMENT_VERSION_MISMATCH": "ARGUMENT_VERSION_MISMATCH",
        "UNKNOWN": "UNKNOWN",
    }
    for ours, theirs in names.items():
        assert getattr(gpu, ours) == getattr(real, f"NVML_ERROR_{theirs}")
    fake = FakeNvml()
    GpuReader(fake).read(0.0)
    assert fake.nvmlMemory_v2 == real.nvmlMemory_v2
    assert fake.NVML_TEMPERATURE_GPU == real.NVML_TEMPERATURE_GPU
    for call in fake.calls:
        assert callable(getattr(real, call.removesuffix("_v2")))
    assert real.NVMLError(3).value == 3
