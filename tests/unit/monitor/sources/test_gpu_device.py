from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.gpu import GpuReader
from monitor.sources.host import HostMemory
from monitor.sources.nvml_calls import READERS
from tests.unit.monitor.sources.fake_nvml import UNDECODABLE, FakeNvml
from tests.unit.monitor.sources.test_gpu import HEALTHY, STEADY

GIB = 2**30
FUNCTIONS = {
    "name": ["nvmlDeviceGetName"],
    "utilization": ["nvmlDeviceGetUtilizationRates"],
    "temperature": ["nvmlDeviceGetTemperatureV", "nvmlDeviceGetTemperature"],
    "power": ["nvmlDeviceGetPowerUsage"],
    "power_limit": ["nvmlDeviceGetEnforcedPowerLimit", "nvmlDeviceGetPowerManagementLimit"],
    "energy": ["nvmlDeviceGetTotalEnergyConsumption"],
    "clocks_event_reasons": [
        "nvmlDeviceGetCurrentClocksEventReasons",
        "nvmlDeviceGetCurrentClocksThrottleReasons",
    ],
}
FIELDS = {
    "name": {"name"},
    "utilization": {"utilization_percent", "memory_busy_percent"},
    "temperature": {"temperature_celsius"},
    "power": {"power_mw"},
    "power_limit": {"power_limit_mw"},
    "energy": {"energy_mj", "interval_energy_mj"},
    "clocks_event_reasons": {"clocks_event_reasons"},
}


@pytest.mark.parametrize("metric", sorted(FUNCTIONS))
def test_one_unsupported_metric_costs_only_itself_and_is_not_asked_again(metric: str) -> None:
    nvml = FakeNvml(faults=dict.fromkeys(FUNCTIONS[metric], 3))
    reader = GpuReader(nvml)
    unknown: dict[str, Any] = dict.fromkeys(FIELDS[metric])
    expected = replace(HEALTHY, **unknown, missing={metric: "not supported"})
    assert reader.read(0.0) == (expected,)
    reader.read(1.0)
    assert [nvml.calls.count(function) for function in FUNCTIONS[metric]] == [1] * len(
        FUNCTIONS[metric]
    )


def test_every_metric_but_memory_has_such_a_scenario() -> None:
    assert set(FUNCTIONS) == set(FIELDS) == set(READERS) - {"memory"}


def test_an_old_driver_is_asked_the_old_way() -> None:
    nvml = FakeNvml(
        faults={
            "nvmlDeviceGetTemperatureV": 13,
            "nvmlDeviceGetMemoryInfo_v2": 25,
            "nvmlDeviceGetEnforcedPowerLimit": 13,
            "nvmlDeviceGetCurrentClocksEventReasons": 13,
        }
    )
    expected = replace(
        HEALTHY, temperature_celsius=45, power_limit_mw=180000, clocks_event_reasons=4
    )
    assert GpuReader(nvml).read(0.0) == (expected,)


def test_an_old_binding_without_a_function_is_like_an_old_driver() -> None:
    nvml = FakeNvml(
        faults={
            "absent:nvmlDeviceGetTemperatureV": 1,
            "absent:nvmlDeviceGetMigMode": 1,
            "absent:nvmlDeviceGetTotalEnergyConsumption": 1,
        }
    )
    (reading,) = GpuReader(nvml).read(0.0)
    assert reading.temperature_celsius == 45
    assert reading.missing == {"energy": "not supported"}


def test_a_refusal_of_the_newer_call_is_not_taken_for_an_old_driver() -> None:
    nvml = FakeNvml(faults={"nvmlDeviceGetEnforcedPowerLimit": 4})
    (reading,) = GpuReader(nvml).read(0.0)
    assert reading.power_limit_mw is None
    assert reading.missing == {"power_limit": "Insufficient Permissions"}


def test_a_name_that_is_no_text_is_said_and_does_not_reopen_nvml() -> None:
    nvml = FakeNvml(faults={"nvmlDeviceGetName": UNDECODABLE})
    reader = GpuReader(nvml)
    for second in range(10):
        (reading,) = reader.read(float(second))
    assert reading == replace(
        STEADY, name=None, missing={"name": "the driver answered something that is no text"}
    )
    assert nvml.calls.count("nvmlInit") == 1


def test_a_gpu_that_needs_a_reset_is_lost_as_well() -> None:
    nvml = FakeNvml(uuids=["GPU-a", "GPU-b"], faults={("nvmlDeviceGetPowerUsage", 0): 16})
    reader = GpuReader(nvml)
    reader.read(0.0)
    needy, healthy = reader.read(1.0)
    assert set(needy.missing.values()) == {"GPU requires restart"}
    assert healthy == replace(STEADY, index=1, uuid="GPU-b")


def energies(*counter_mj: int | None) -> list[int | None]:
    nvml = FakeNvml()
    reader = GpuReader(nvml)
    told = []
    for second, energy_mj in enumerate(counter_mj):
        nvml.faults = {"nvmlDeviceGetTotalEnergyConsumption": 4} if energy_mj is None else {}
        nvml.energy_mj = energy_mj or 0
        (reading,) = reader.read(float(second))
        told.append(reading.interval_energy_mj)
    return told


def test_energy_of_an_interval_is_what_the_counter_went_up() -> None:
    assert energies(1000, 1250, 1250, 1900) == [None, 250, 0, 650]


def test_a_counter_that_went_down_gives_no_energy_and_is_the_new_base() -> None:
    assert energies(1000, 30, 50) == [None, None, 20]


def test_after_a_reading_without_energy_there_is_no_interval_of_one_sample() -> None:
    assert energies(1000, None, 1250, 1300) == [None, None, None, 50]


@given(st.lists(st.none() | st.integers(0, 10**9), max_size=6))
def test_energy_of_an_interval_is_never_negative(counter_mj: list[int | None]) -> None:
    assert all(energy_mj is None or energy_mj >= 0 for energy_mj in energies(*counter_mj))


def test_gpus_that_change_places_keep_their_own_energy() -> None:
    nvml = FakeNvml(uuids=["GPU-a", "GPU-b"])
    reader = GpuReader(nvml)
    reader.read(0.0)
    nvml.faults[("nvmlDeviceGetTotalEnergyConsumption", 0)] = 4
    nvml.faults[("nvmlDeviceGetPowerUsage", 0)] = 999
    reader.read(1.0)
    nvml.faults.clear()
    nvml.uuids = ["GPU-b", "GPU-a"]
    nvml.energy_mj += 10
    readings = reader.read(2.0)
    assert [(r.uuid, r.interval_energy_mj) for r in readings] == [("GPU-b", 10), ("GPU-a", None)]


@pytest.mark.parametrize(
    "nvml",
    [
        FakeNvml(memory_total_bytes=0),
        FakeNvml(faults={"nvmlDeviceGetMemoryInfo_v2": 3, "nvmlDeviceGetMemoryInfo": 3}),
    ],
    ids=["total of 0", "not supported"],
)
def test_a_chip_without_memory_of_its_own_tells_the_hosts(nvml: FakeNvml) -> None:
    reader = GpuReader(nvml, host_memory=lambda: HostMemory(30 * GIB, 120 * GIB))
    (reading,) = reader.read(0.0)
    assert reading == replace(
        HEALTHY,
        memory_used_bytes=30 * GIB,
        memory_total_bytes=120 * GIB,
        memory_is_unified=True,
    )
    assert reading.memory_ratio == 0.25


def test_a_shared_memory_that_the_host_does_not_tell_is_unknown() -> None:
    (reading,) = GpuReader(FakeNvml(memory_total_bytes=0), host_memory=lambda: None).read(0.0)
    assert reading.memory_ratio is None
    assert reading.memory_is_unified
    assert reading.missing == {
        "memory": "the chip shares the host's memory, and this system has no /proc/meminfo"
    }


@pytest.mark.parametrize(
    ("code", "reason"), [(4, "Insufficient Permissions"), (13, "not supported")]
)
def test_memory_that_is_not_told_for_another_reason_is_not_the_hosts(
    code: int, reason: str
) -> None:
    nvml = FakeNvml(faults={"nvmlDeviceGetMemoryInfo_v2": code, "nvmlDeviceGetMemoryInfo": code})
    (reading,) = GpuReader(nvml).read(0.0)
    assert (reading.memory_used_bytes, reading.memory_is_unified) == (None, False)
    assert reading.missing == {"memory": reason}
