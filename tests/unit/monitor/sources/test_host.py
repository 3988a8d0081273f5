from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.host import (
    CpuTimes,
    HostMemory,
    busy_percent,
    read_cpu_times,
    read_memory,
)


def test_guests_are_not_counted_twice_and_waiting_for_disks_is_idle(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  10 1 5 70 10 1 2 1 9 9\ncpu0 1 1 1 1\n", encoding="ascii")
    assert read_cpu_times(stat) == CpuTimes(busy_ticks=20, total_ticks=100)


def test_a_system_without_the_file_or_with_another_format_is_unknown(tmp_path: Path) -> None:
    assert read_cpu_times(tmp_path / "absent") is None
    stat = tmp_path / "stat"
    for content in ("", "cpu a b c d\n", "intr 1 2 3 4 5\n", "cpu 1 2\n"):
        stat.write_text(content, encoding="ascii")
        assert read_cpu_times(stat) is None


def test_a_quarter_busy_is_25_percent() -> None:
    assert busy_percent(CpuTimes(10, 100), CpuTimes(35, 200)) == 25.0


def test_without_two_readings_or_time_between_them_it_is_unknown() -> None:
    times = CpuTimes(10, 100)
    assert busy_percent(None, times) is None
    assert busy_percent(times, None) is None
    assert busy_percent(times, times) is None


@given(*[st.integers(0, 10**12)] * 4)
def test_it_is_never_below_0_or_above_100(a: int, b: int, c: int, d: int) -> None:
    percent = busy_percent(CpuTimes(a, b), CpuTimes(c, d))
    assert percent is None or 0.0 <= percent <= 100.0


def test_memory_that_could_be_given_back_is_not_used(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(
        "MemTotal:       127600748 kB\nMemFree:        1024 kB\nMemAvailable:   118566368 kB\n",
        encoding="ascii",
    )
    assert read_memory(meminfo) == HostMemory(
        used_bytes=(127600748 - 118566368) * 1024, total_bytes=127600748 * 1024
    )


def test_memory_is_unknown_without_the_file_or_with_another_format(tmp_path: Path) -> None:
    assert read_memory(tmp_path / "absent") is None
    meminfo = tmp_path / "meminfo"
    for content in ("", "MemTotal: 5 kB\n", "MemTotal: \nMemAvailable: 1 kB\n", "MemTotal\n"):
        meminfo.write_text(content, encoding="ascii")
        assert read_memory(meminfo) is None
