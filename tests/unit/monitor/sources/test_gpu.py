from dataclasses import replace
from typing import Any

import pynvml
import pytest

from monitor.sample import GpuReading
from monitor.sources import nvml_calls
from monitor.sources.gpu import GpuReader
from monitor.sources.nvml_calls import READERS
from tests.unit.monitor.sources.fake_nvml import UNDECODABLE, FakeNvml

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
    power_limit_mw=170000,
)
# The fake's energy counter stands still.
STEADY = replace(HEALTHY, interval_energy_mj=0)


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


def test_a_refused_metric_is_asked_again_each_time() -> None:
    nvml = FakeNvml(faults={"nvmlDeviceGetPowerUsage": 4})
    reader = GpuReader(nvml)
    (reading,) = reader.read(0.0)
    assert reading.power_mw is None
    assert reading.missing == {"power": "Insufficient Permissions"}
    del nvml.faults["nvmlDeviceGetPowerUsage"]
    assert reader.read(1.0) == (STEADY,)


def test_a_lost_gpu_leaves_the_other_alone_and_keeps_its_name() -> None:
    nvml = FakeNvml(uuids=["GPU-a", "GPU-b"])
    reader = GpuReader(nvml)
    reader.read(0.0)
    nvml.faults["nvmlDeviceGetUtilizationRates", 1] = 15
    first, second = reader.read(1.0)
    assert first == STEADY
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
    assert reader.read(1.0) == (STEADY,)
    nvml.faults["nvmlDeviceGetUtilizationRates"] = 999
    reader.read(2.0)
    opened = nvml.calls.count("nvmlInit")
    reader.read(3.0)
    assert nvml.calls.count("nvmlInit") == opened + 1, "the back-off starts from the beginning"
    nvml.faults.clear()
    for second in range(4, 20):
        assert reader.read(float(second)) == (STEADY,)
    assert nvml.calls.count("nvmlInit") == opened + 2, "what has recovered is left open"


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


def test_a_machine_whose_driver_may_not_be_used_is_asked_again() -> None:
    nvml = FakeNvml(faults={"nvmlInit": 4})
    reader = GpuReader(nvml)
    assert reader.read(0.0) == ()
    assert reader.reason == "NVML failed: Insufficient Permissions"
    nvml.faults.clear()
    assert reader.read(1.0) == (HEALTHY,)


def test_a_gpu_whose_uuid_is_no_text_is_read_all_the_same_and_stays_itself() -> None:
    nvml = FakeNvml(faults={"nvmlDeviceGetUUID": UNDECODABLE})
    reader = GpuReader(nvml)
    expected = replace(HEALTHY, uuid=None, missing={"uuid": "the driver tells none"})
    assert reader.read(0.0) == (expected,)
    nvml.faults["nvmlDeviceGetPowerUsage"] = 999
    reader.read(1.0)
    del nvml.faults["nvmlDeviceGetPowerUsage"]
    assert reader.read(2.0) == (replace(expected, interval_energy_mj=0),)
    assert nvml.calls.count("nvmlInit") == 2


def test_gpus_without_a_uuid_are_told_apart_by_their_index() -> None:
    nvml = FakeNvml(uuids=["", ""], faults={"nvmlDeviceGetUUID": 3})
    nvml.faults["nvmlDeviceGetPowerUsage", 1] = 3
    reader = GpuReader(nvml)
    reader.read(0.0)
    nvml.faults["nvmlDeviceGetName"] = 999
    reader.read(1.0)
    del nvml.faults["nvmlDeviceGetName"]
    assert [reading.power_mw for reading in reader.read(2.0)] == [45200, None]
    assert nvml.calls.count("nvmlDeviceGetPowerUsage") == 4


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
        "NOT_FOUND": "NOT_FOUND",
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
        assert getattr(nvml_calls, ours) == getattr(real, f"NVML_ERROR_{theirs}")
    fake = FakeNvml(parts={0: {0: "MIG-a"}})
    GpuReader(fake).read(0.0)
    older = FakeNvml(
        faults={
            "nvmlDeviceGetTemperatureV": 13,
            "nvmlDeviceGetEnforcedPowerLimit": 13,
            "nvmlDeviceGetCurrentClocksEventReasons": 13,
        }
    )
    GpuReader(older).read(0.0)
    assert real.NVML_DEVICE_MIG_ENABLE == nvml_calls.MIG_ENABLED
    assert fake.nvmlMemory_v2 == real.nvmlMemory_v2
    assert fake.NVML_TEMPERATURE_GPU == real.NVML_TEMPERATURE_GPU
    for call in {*fake.calls, *older.calls}:
        assert callable(getattr(real, call.removesuffix("_v2")))
    assert real.NVMLError(3).value == 3
