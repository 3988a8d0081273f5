from dataclasses import fields, replace

import pytest

from monitor.sample import GpuReading
from monitor.sources.gpu import GpuReader
from tests.unit.monitor.sources.fake_nvml import UNDECODABLE, FakeNvml
from tests.unit.monitor.sources.test_gpu import HEALTHY

TOLD_FOR_THE_WHOLE = dict.fromkeys(
    ["utilization", "temperature", "power", "power_limit", "energy", "clocks_event_reasons"],
    "told for the whole GPU",
)


def part(mig_index: int, uuid: str) -> GpuReading:
    return GpuReading(
        index=1,
        uuid=uuid,
        name="Fake RTX MIG 1g.5gb",
        memory_used_bytes=2756 * 2**20 // 8,
        memory_total_bytes=12288 * 2**20 // 8,
        missing=TOLD_FOR_THE_WHOLE,
        mig_index=mig_index,
    )


def divided() -> FakeNvml:
    return FakeNvml(uuids=["GPU-a", "GPU-b"], parts={1: {0: "MIG-p", 5: "MIG-q"}})


def test_a_divided_gpu_is_followed_by_its_parts_and_does_not_tell_utilization() -> None:
    nvml = divided()
    first, whole, *parts = GpuReader(nvml).read(0.0)
    assert first == HEALTHY
    assert whole == replace(
        HEALTHY,
        index=1,
        uuid="GPU-b",
        utilization_percent=None,
        memory_busy_percent=None,
        missing={"utilization": "not known while the GPU is divided (MIG)"},
    )
    assert parts == [part(0, "MIG-p"), part(5, "MIG-q")]
    assert nvml.calls.count("nvmlDeviceGetUtilizationRates") == 1
    assert nvml.calls.count("nvmlDeviceGetPowerUsage") == 2


def test_a_part_says_nothing_but_what_is_its_own() -> None:
    own = {"index", "uuid", "name", "missing", "mig_index", "memory_is_unified"}
    own |= {"memory_used_bytes", "memory_total_bytes"}
    told = part(0, "MIG-p")
    assert {f.name for f in fields(told) if getattr(told, f.name) is not None} == own


def test_parts_come_and_go_and_utilization_is_back_when_the_gpu_is_whole_again() -> None:
    nvml = divided()
    reader = GpuReader(nvml)
    reader.read(0.0)
    nvml.parts[1] = {2: "MIG-r"}
    assert [r.uuid for r in reader.read(1.0)] == ["GPU-a", "GPU-b", "MIG-r"]
    nvml.parts = {0: {}}
    divided_now, whole_now = reader.read(2.0)
    assert divided_now.utilization_percent is None
    assert (whole_now.utilization_percent, whole_now.missing) == (7, {})


def test_parts_that_may_not_be_seen_are_missing_from_the_whole() -> None:
    nvml = divided()
    nvml.faults["nvmlDeviceGetMaxMigDeviceCount"] = 4
    _, whole = GpuReader(nvml).read(0.0)
    assert whole.missing == {
        "utilization": "not known while the GPU is divided (MIG)",
        "parts": "Insufficient Permissions",
    }


def test_a_part_that_fails_leaves_the_others_alone() -> None:
    nvml = divided()
    nvml.faults["nvmlDeviceGetMemoryInfo_v2", (1, 0)] = 4
    nvml.faults["nvmlDeviceGetName", (1, 5)] = UNDECODABLE
    *_, without_memory, without_name = GpuReader(nvml).read(0.0)
    assert without_memory == replace(
        part(0, "MIG-p"),
        memory_used_bytes=None,
        memory_total_bytes=None,
        missing={**TOLD_FOR_THE_WHOLE, "memory": "Insufficient Permissions"},
    )
    assert without_name == replace(
        part(5, "MIG-q"),
        name=None,
        missing={**TOLD_FOR_THE_WHOLE, "name": "the driver answered something that is no text"},
    )


def test_the_memory_of_a_part_is_never_taken_for_the_hosts() -> None:
    nvml = divided()
    for name in ("nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceGetMemoryInfo"):
        nvml.faults[name, (1, 0)] = 3
    reading = GpuReader(nvml).read(0.0)[2]
    assert (reading.memory_total_bytes, reading.memory_is_unified) == (None, False)
    assert reading.missing["memory"] == "not supported"


def test_the_parts_of_a_lost_gpu_stay_listed_with_the_reason() -> None:
    nvml = divided()
    reader = GpuReader(nvml)
    reader.read(0.0)
    nvml.faults["nvmlDeviceGetMigMode", 1] = 15
    _, whole, *parts = reader.read(1.0)
    assert set(whole.missing.values()) == {
        "GPU is lost",
        "not known while the GPU is divided (MIG)",
    }
    assert [(p.uuid, p.name, p.missing["memory"]) for p in parts] == [
        ("MIG-p", "Fake RTX MIG 1g.5gb", "GPU is lost"),
        ("MIG-q", "Fake RTX MIG 1g.5gb", "GPU is lost"),
    ]


def test_a_part_is_not_asked_by_a_handle_of_before() -> None:
    nvml = divided()
    reader = GpuReader(nvml)
    reader.read(0.0)
    nvml.faults["nvmlDeviceGetMigMode", 1] = 4
    asked = nvml.calls.count("nvmlDeviceGetMemoryInfo_v2")
    *_, first, _second = reader.read(1.0)
    assert first.missing["memory"] == "this GPU cannot be opened"
    assert nvml.calls.count("nvmlDeviceGetMemoryInfo_v2") - asked == 2


def test_the_parts_of_a_gpu_that_cannot_be_opened_are_not_asked() -> None:
    nvml = divided()
    reader = GpuReader(nvml)
    nvml.faults["nvmlDeviceGetPowerUsage", 0] = 999
    reader.read(0.0)
    nvml.faults = {("nvmlDeviceGetHandleByIndex", 1): 4}
    *_, whole, first, second = reader.read(1.0)
    assert {r.missing["memory"] for r in (whole, first, second)} == {"this GPU cannot be opened"}
    assert (first.uuid, second.uuid) == ("MIG-p", "MIG-q")


@pytest.mark.parametrize(
    ("only", "uuids"),
    [
        (["GPU-b"], ["GPU-b", "MIG-p", "MIG-q"]),
        (["1"], ["GPU-b", "MIG-p", "MIG-q"]),
        (["MIG-q"], ["MIG-q"]),
        (["MIG-q", "0"], ["GPU-a", "MIG-q"]),
    ],
)
def test_a_part_may_be_chosen_alone_and_a_whole_gpu_with_its_parts(
    only: list[str], uuids: list[str]
) -> None:
    reader = GpuReader(divided(), only=only)
    reader.check(0.0)
    assert [reading.uuid for reading in reader.read(0.0)] == uuids


def test_a_chosen_part_that_is_gone_is_said() -> None:
    nvml = divided()
    reader = GpuReader(nvml, only=["MIG-p"])
    reader.check(0.0)
    del nvml.parts[1][0]
    assert reader.read(0.0) == ()
    assert reader.reason == "none of the GPUs asked for is there now"
