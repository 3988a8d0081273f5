from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest._analysis._machine import MachineReading, join
from loadtest._course._plan import StageWindow

WINDOW = StageWindow(0, 50, 0.0, 10.0, 20.0)
OUTSIDE = MachineReading(
    9.0,
    inferences=1000,
    pending=1000,
    energy_j=1000.0,
    batch_sizes={16: 1000},
    cpu_percents={"gateway": 1000.0},
    process_counts={"gateway": 1000},
    host_cpu_percent=0.0,
    clocks_event_reasons=0xFF,
)


def test_a_stage_without_readings_knows_nothing() -> None:
    machine = join([OUTSIDE], WINDOW)
    assert machine.pending_peak is None
    assert machine.batch_sizes is None
    assert machine.cpu_percents == {}
    assert machine.process_counts == {}
    assert machine.host_cpu_percent is None
    assert machine.energy_j is None
    assert machine.inferences is None
    assert machine.throttled_by == ()


def test_what_adds_up_is_added_and_the_peak_is_the_largest() -> None:
    readings = [
        OUTSIDE,
        MachineReading(11.0, inferences=10, pending=3, energy_j=2.0, batch_sizes={1: 2, 4: 1}),
        MachineReading(12.0, inferences=30, pending=9, energy_j=3.5, batch_sizes={4: 2, 8: 1}),
        MachineReading(13.0, inferences=None, pending=None, energy_j=1.0, batch_sizes=None),
    ]
    machine = join(readings, WINDOW, host_cpu_cores=2)
    assert machine.inferences == 40
    assert machine.pending_peak == 9
    assert machine.energy_j == 6.5
    assert machine.batch_sizes == {1: 2, 4: 3, 8: 1}
    assert machine.host_cpu_cores == 2


def test_energy_with_a_gap_is_unknown() -> None:
    readings = [MachineReading(11.0, energy_j=2.0), MachineReading(12.0)]
    assert join(readings, WINDOW).energy_j is None


def test_cpu_is_the_mean_by_role_and_of_processes_the_most_count() -> None:
    readings = [
        MachineReading(11.0, cpu_percents={"gateway": 100.0}, process_counts={"gateway": 3}),
        MachineReading(
            12.0,
            cpu_percents={"gateway": 140.0, "triton": 60.0},
            process_counts={"gateway": 2, "triton": 4},
            host_cpu_percent=90.0,
        ),
    ]
    machine = join(readings, WINDOW)
    assert machine.cpu_percents == {"gateway": 120.0, "triton": 60.0}
    assert machine.process_counts == {"gateway": 3, "triton": 4}
    assert machine.host_cpu_percent == 90.0


@pytest.mark.parametrize(
    ("reasons", "throttled_by"),
    [
        ([0x1, 0x2, 0x8, 0x0], ()),  # idle, asked for, and the sum of other reasons
        ([0x4, 0x0, 0x0, 0x0], ("SW power cap",)),
        ([0x4, 0x0, 0x0, 0x0, 0x0], ()),  # a blip
        ([0x28, 0x0, 0x20, None], ("SW thermal slowdown",)),
        ([None, None], ()),
    ],
)
def test_only_lasting_slowdowns_for_power_or_heat_are_named(
    reasons: list[int | None], throttled_by: tuple[str, ...]
) -> None:
    readings = [
        MachineReading(10.0 + position, clocks_event_reasons=bits)
        for position, bits in enumerate(reasons)
    ]
    assert join(readings, WINDOW).throttled_by == throttled_by


def test_the_reasons_have_nvml_s_names() -> None:
    readings = [MachineReading(11.0, clocks_event_reasons=0xFF)]
    assert join(readings, WINDOW).throttled_by == (
        "SW power cap",
        "SW thermal slowdown",
        "HW thermal slowdown",
        "HW power brake slowdown",
    )


@given(st.lists(st.dictionaries(st.integers(1, 32), st.integers(1, 50)), max_size=5))
def test_no_execution_is_lost_or_invented(batches: list[dict[int, int]]) -> None:
    readings = [
        replace(MachineReading(10.0 + position), batch_sizes=sizes)
        for position, sizes in enumerate(batches)
    ]
    found = join(readings, WINDOW).batch_sizes
    assert (found is None) == (not batches)
    assert sum((found or {}).values()) == sum(sum(sizes.values()) for sizes in batches)
