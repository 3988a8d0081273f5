import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.gpu import GpuReader
from monitor.sources.gpu_selection import Candidate, Unselected, select
from tests.unit.monitor.sources.fake_nvml import FakeNvml
from tests.unit.monitor.sources.test_gpu import HEALTHY

GPUS = [
    Candidate(0, "GPU-aa1"),
    Candidate(1, "GPU-aa2"),
    Candidate(1, "MIG-b", mig_index=3),
]


def test_an_index_is_that_of_a_whole_gpu() -> None:
    assert select(["1"], GPUS) == {"GPU-aa2"}


def test_the_beginning_of_a_uuid_is_enough_in_any_case_of_letters() -> None:
    assert select(["gpu-AA1", "mig"], GPUS) == {"GPU-aa1", "MIG-b"}


def test_a_whole_uuid_is_meant_even_where_another_begins_with_it() -> None:
    assert select(["GPU-a"], [Candidate(0, "GPU-a"), Candidate(1, "GPU-ab")]) == {"GPU-a"}


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (
            "GPU-aa",
            "GPU-aa fits several GPUs, 0 (GPU-aa1), 1 (GPU-aa2): give more of the UUID",
        ),
        (
            "2",
            "no GPU is called '2'; there are: 0 (GPU-aa1), 1 (GPU-aa2), 1 part 3 (MIG-b)",
        ),
        (
            "",
            "no GPU is called ''; there are: 0 (GPU-aa1), 1 (GPU-aa2), 1 part 3 (MIG-b)",
        ),
    ],
)
def test_what_fits_none_or_several_is_refused_with_what_there_is(
    wanted: str, sentence: str
) -> None:
    with pytest.raises(Unselected, match=f"^{re.escape(sentence)}$"):
        select(["0", wanted], GPUS)


def test_where_a_uuid_is_not_known_yet_only_an_index_can_be_wrong() -> None:
    gpus = [Candidate(0, "GPU-a"), Candidate(1)]
    assert select(["GPU-b"], gpus) == frozenset()
    assert select(["1"], gpus) == {1}
    with pytest.raises(Unselected, match="UUID not known"):
        select(["2"], gpus)


@given(st.text(max_size=4000))
def test_nonsense_is_refused_and_never_anything_else(wanted: str) -> None:
    try:
        chosen = select([wanted], [Candidate(0, "GPU-a")])
    except Unselected:
        return
    assert chosen == {"GPU-a"}
    assert wanted == "0" or "gpu-a".startswith(wanted.casefold())


@pytest.mark.parametrize("name", ["1", "GPU-b", "gpu-B", "GPU-bbb"])
def test_only_the_gpu_that_was_asked_for_is_read(name: str) -> None:
    nvml = FakeNvml(uuids=["GPU-aaa", "GPU-bbb"])
    reader = GpuReader(nvml, only=[name])
    reader.check(0.0)
    (reading,) = reader.read(0.0)
    assert (reading.index, reading.uuid) == (1, "GPU-bbb")
    assert nvml.calls.count("nvmlDeviceGetPowerUsage") == 1


def test_a_gpu_chosen_by_its_index_is_followed_when_it_moves_up() -> None:
    nvml = FakeNvml(uuids=["GPU-a", "GPU-b"])
    reader = GpuReader(nvml, only=["1"])
    reader.read(0.0)
    nvml.faults["nvmlDeviceGetPowerUsage", 1] = 999
    reader.read(1.0)
    nvml.faults.clear()
    nvml.uuids = ["GPU-b"]
    (reading,) = reader.read(2.0)
    assert (reading.index, reading.uuid) == (0, "GPU-b")


def test_a_selection_that_fits_nothing_is_refused_with_what_there_is() -> None:
    reader = GpuReader(FakeNvml(uuids=["GPU-a", "GPU-b"]), only=["2"])
    sentence = r"^no GPU is called '2'; there are: 0 \(GPU-a\), 1 \(GPU-b\)$"
    with pytest.raises(Unselected, match=sentence):
        reader.check(0.0)
    assert reader.read(0.0) == ()
    assert reader.reason == "no GPU is called '2'; there are: 0 (GPU-a), 1 (GPU-b)"
    with pytest.raises(Unselected, match="there are: none"):
        GpuReader(FakeNvml(uuids=[]), only=["0"]).check(0.0)


@pytest.mark.parametrize("faults", [{"nvmlInit": 12}, {"nvmlInit": 999}, {"nvmlDeviceGetCount": 4}])
def test_without_nvml_a_selection_is_neither_checked_nor_refused(faults: dict[Any, int]) -> None:
    reader = GpuReader(FakeNvml(faults=faults), only=["7"])
    reader.check(0.0)
    assert reader.read(0.0) == ()
    assert reader.reason != "no GPU is called '7'; there are: none"


def test_a_gpu_that_cannot_be_opened_yet_may_be_the_one_that_was_asked_for() -> None:
    nvml = FakeNvml(uuids=["GPU-a", "GPU-b"], faults={("nvmlDeviceGetHandleByIndex", 1): 999})
    reader = GpuReader(nvml, only=["GPU-b"])
    reader.check(0.0)
    assert reader.read(0.0) == ()
    assert reader.reason == "none of the GPUs asked for is there now"
    nvml.faults.clear()
    (reading,) = reader.read(1.0)
    assert reading == replace(HEALTHY, index=1, uuid="GPU-b")
    assert reader.reason is None
