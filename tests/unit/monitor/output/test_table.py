from datetime import UTC, datetime

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


def test_the_header_is_five_lines_of_eighty_columns() -> None:
    assert table.header().splitlines() == [
        "=" * 80,
        "GPU MONITORING - Framegate",
        "=" * 80,
        "Time         GPU%   Mem%   MemUsed    Temp   Power    Requests   QueueMs    InferMs",
        "-" * 80,
    ]


def test_a_busy_second_fills_every_column() -> None:
    deltas = Deltas(request_count=2, queue_us=24_680, compute_infer_us=7_740)
    assert line(Sample(AT_S, 0.0, (gpu(),), activity(deltas))) == (
        "14:32:11     12%    6%     2812MB     47°C   58.3W    +2         12.34ms    3.87ms"
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
        "14:32:10     7%     22%    2756MB     46°C   45.2W    -          -          -"
    )


def test_without_gpu_and_triton_everything_but_the_time_is_unknown() -> None:
    assert line(Sample(AT_S, 0.0)) == (
        "14:32:11     -      -      -          -      -        -          -          -"
    )


def test_an_idle_second_has_no_requests_and_unknown_times() -> None:
    deltas = Deltas(request_count=0, queue_us=0, compute_infer_us=0)
    assert line(Sample(AT_S, 0.0, (), activity(deltas))) == (
        "14:32:11     -      -      -          -      -        +0         -          -"
    )


def test_a_zero_that_was_read_is_a_zero() -> None:
    reading = gpu(utilization_percent=0, temperature_celsius=0, memory_used_bytes=0, power_mw=0)
    assert line(Sample(AT_S, 0.0, (reading,))) == (
        "14:32:11     0%     0%     0MB        0°C    0.0W     -          -          -"
    )


def test_one_unknown_metric_is_a_dash_among_the_others() -> None:
    assert line(Sample(AT_S, 0.0, (gpu(power_mw=None, memory_total_bytes=None),))) == (
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
        "+1         1.00ms     2.00ms     7 rejected, counters reset"
    )
    stalled = Deltas(request_count=0, queue_us=0)
    assert line(Sample(AT_S, 0.0, (), activity(stalled, 9))).endswith(
        "-          -          9 pending"
    )


def test_a_second_gpu_has_a_line_of_its_own() -> None:
    other = GpuReading(index=1, utilization_percent=88, power_mw=120_000)
    assert line(Sample(AT_S, 0.0, (gpu(), other))).splitlines() == [
        "14:32:11     12%    6%     2812MB     47°C   58.3W    -          -          -",
        "  GPU 1      88%    -      -          -      120.0W",
    ]


def test_values_too_wide_for_their_column_still_stand_apart() -> None:
    deltas = Deltas(request_count=123_456_789_012, queue_us=10**18)
    cells = line(Sample(AT_S, 0.0, (gpu(power_mw=12_345_678),), activity(deltas))).split()
    assert cells[5:8] == ["12345.7W", "+123456789012", "8100.00ms"]
