from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.counters import Deltas, ModelActivity, ModelKey
from monitor.output import table
from monitor.sample import GpuReading, Sample

MB = 2**20
AT_S = datetime(2026, 1, 2, 14, 32, 11, tzinfo=UTC).timestamp()


def activity(deltas: Deltas | None, pending_count: int | None = 0) -> tuple[ModelActivity, ...]:
    return (ModelActivity(ModelKey("capture_quality", "1"), pending_count, deltas),)


def gpu(**changes: int | None) -> GpuReading:
    values: dict[str, int | None] = {
        "utilization_percent": 12,
        "memory_busy_percent": 99,
        "memory_used_bytes": 2812 * MB,
        "memory_total_bytes": 46867 * MB,
        "temperature_celsius": 47,
        "power_mw": 58300,
    }
    return GpuReading(index=0, **{**values, **changes})  # type: ignore[arg-type]


def line(sample: Sample) -> str:
    return table.row(sample, UTC)


def test_the_header_is_five_lines_with_the_later_columns_at_the_right() -> None:
    names_line = (
        "Time         GPU%   Mem%   MemUsed    Temp   Power    Requests   QueueMs    InferMs    "
        "Batch   Pending  Failed"
    )
    assert table.header().splitlines() == [
        "=" * 80,
        "GPU MONITORING - Framegate",
        "=" * 80,
        names_line,
        "-" * 80,
    ]


def test_a_busy_second_fills_every_column() -> None:
    deltas = Deltas(
        request_count=2,
        queue_us=24_680,
        compute_infer_us=7_740,
        inference_count=5,
        execution_count=2,
        failure_counts={},
    )
    assert line(Sample(AT_S, 0.0, (gpu(),), activity(deltas, 3))) == (
        "14:32:11     12%    6%     2812MB     47°C   58.3W    +2         12.34ms    3.87ms     "
        "2.5     3        0"
    )


def test_the_first_second_knows_the_gpu_but_not_yet_triton() -> None:
    reading = gpu(
        utilization_percent=7,
        memory_used_bytes=2756 * MB,
        memory_total_bytes=12288 * MB,
        temperature_celsius=46,
        power_mw=45_200,
    )
    assert line(Sample(AT_S - 1, 0.0, (reading,), activity(None))) == (
        "14:32:10     7%     22%    2756MB     46°C   45.2W    -          -          -          "
        "-       0        -"
    )


def test_without_gpu_and_triton_everything_but_the_time_is_unknown() -> None:
    assert line(Sample(AT_S, 0.0)) == (
        "14:32:11     -      -      -          -      -        -          -          -          "
        "-       -        -"
    )


def test_an_idle_second_has_no_requests_and_unknown_times() -> None:
    deltas = Deltas(request_count=0, queue_us=0, compute_infer_us=0)
    assert line(Sample(AT_S, 0.0, (), activity(deltas))) == (
        "14:32:11     -      -      -          -      -        +0         -          -          "
        "-       0        -"
    )


def test_a_zero_that_was_read_is_a_zero() -> None:
    reading = gpu(utilization_percent=0, temperature_celsius=0, memory_used_bytes=0, power_mw=0)
    assert line(Sample(AT_S, 0.0, (reading,))).startswith(
        "14:32:11     0%     0%     0MB        0°C    0.0W     -          -          -"
    )


def test_one_unknown_metric_is_a_dash_among_the_others() -> None:
    sample = Sample(AT_S, 0.0, (gpu(power_mw=None, memory_total_bytes=None),))
    assert line(sample).startswith(
        "14:32:11     12%    -      2812MB     47°C   -        -          -          -"
    )


def test_rejections_resets_and_stalls_are_said_after_the_columns() -> None:
    rejected = Deltas(
        request_count=1,
        queue_us=1000,
        compute_infer_us=2000,
        failure_counts={"REJECTED": 7, "OTHER": 0},
        reset=True,
    )
    assert line(Sample(AT_S, 0.0, (), activity(rejected, 9))).endswith(
        "+1         1.00ms     2.00ms     -       9        7       7 rejected, counters reset"
    )
    stalled = Deltas(request_count=0, queue_us=0)
    assert line(Sample(AT_S, 0.0, (), activity(stalled, 9))).endswith(
        "-          -          -       9        -       9 pending"
    )


def test_a_second_gpu_and_a_part_of_one_have_lines_of_their_own() -> None:
    other = GpuReading(index=1, utilization_percent=88, power_mw=120_000)
    part = GpuReading(index=1, mig_index=0, memory_used_bytes=5 * MB, memory_total_bytes=20 * MB)
    assert line(Sample(AT_S, 0.0, (gpu(), other, part))).splitlines()[1:] == [
        "  GPU 1      88%    -      -          -      120.0W",
        "  GPU 1/0    -      25%    5MB        -      -",
    ]


def test_values_too_wide_for_their_column_still_stand_apart() -> None:
    deltas = Deltas(request_count=123_456_789_012, queue_us=10**18)
    cells = line(Sample(AT_S, 0.0, (gpu(power_mw=12_345_678),), activity(deltas))).split()
    assert cells[5:8] == ["12345.7W", "+123456789012", "8100.00ms"]


def names(width: int | None) -> list[str]:
    return table.header(width).splitlines()[3].split()


@pytest.mark.parametrize(
    ("width", "lost"),
    [
        (112, []),
        (111, []),
        (110, ["Batch"]),
        (100, ["Batch", "Failed"]),
        (94, ["Batch", "Failed", "Pending"]),
        (80, ["Batch", "Failed", "Pending", "Mem%"]),
        (78, ["Batch", "Failed", "Pending", "Mem%", "Temp"]),
    ],
)
def test_a_narrow_terminal_leaves_out_what_is_worth_least(width: int, lost: list[str]) -> None:
    assert [name for name in names(None) if name not in names(width)] == sorted(
        lost, key=names(None).index
    )


def test_time_requests_queue_inference_and_gpu_stay_longest() -> None:
    assert names(53) == ["Time", "GPU%", "Requests", "QueueMs", "InferMs"]
    assert names(45) == ["Time", "Requests", "QueueMs", "InferMs"]
    assert names(1) == ["…"]


def test_notes_that_find_no_room_have_a_line_of_their_own() -> None:
    deltas = Deltas(request_count=1, failure_counts={"REJECTED": 7}, reset=True)
    sample = Sample(AT_S, 0.0, (gpu(),), activity(deltas))
    assert table.row(sample, UTC, 80).splitlines() == [
        "14:32:11     12%    2812MB     47°C   58.3W    +1         -          -",
        "  7 rejected, counters reset",
    ]
    assert table.row(sample, UTC, 12).splitlines()[1] == "  7 rejecte…"


counts = st.integers(min_value=0, max_value=10**15)


@settings(max_examples=60)
@given(
    width=st.integers(min_value=1, max_value=130),
    count=counts,
    pending=st.none() | counts,
    reason=st.text(max_size=12),
    power_mw=st.none() | counts,
)
def test_no_line_is_wider_than_the_terminal(
    width: int, count: int, pending: int | None, reason: str, power_mw: int | None
) -> None:
    deltas = Deltas(request_count=count, queue_us=count, failure_counts={reason: count})
    gpus = (gpu(power_mw=power_mw), GpuReading(index=1, mig_index=2, memory_is_unified=True))
    sample = Sample(AT_S, 0.0, gpus, activity(deltas, pending))
    shown = [
        table.header(width),
        table.row(sample, UTC, width),
        table.unified_memory_line(gpus, width) or "",
    ]
    assert max(len(text) for part in shown for text in part.split("\n")) <= width


def test_a_reason_of_a_server_cannot_control_the_terminal() -> None:
    deltas = Deltas(request_count=1, failure_counts={"\x1b[2J": 7})
    assert "\x1b" not in line(Sample(AT_S, 0.0, (), activity(deltas)))


def test_unified_memory_is_told_of_the_gpus_that_have_it() -> None:
    gpus = (gpu(), GpuReading(index=1, memory_is_unified=True))
    assert table.unified_memory_line(gpus) == (
        "GPU 1: unified memory, so Mem% and MemUsed are the host's."
    )
    assert table.unified_memory_line(gpus[:1]) is None
