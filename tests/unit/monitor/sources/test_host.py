from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.host import CpuTimes, busy_percent, read_cpu_times


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
