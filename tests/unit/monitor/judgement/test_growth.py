import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.judgement.growth import MB, GrowthWatcher
from monitor.observation import Growth
from monitor.sample import GpuReading, ProcessReading, Sample

HOUR_S = 3600
# A level and its noise, as a worker of the gateway has them.
LEVEL_MB, NOISE_MB = 300.0, 0.5

Memory = Callable[[float], float]


def process(memory_mb: float, *, new: bool = False, count: int = 3) -> ProcessReading:
    return ProcessReading("gateway", None if new else 10.0, round(memory_mb * MB), count)


def watch(
    memory: Memory,
    *,
    duration_s: int = HOUR_S,
    step_s: int = 2,
    watcher: GrowthWatcher | None = None,
    noise_mb: float = NOISE_MB,
    seed: int = 1,
) -> list[tuple[int, Growth]]:
    """Everything that was said, with the second in which it was."""
    watcher = watcher or GrowthWatcher()
    rng = random.Random(seed)
    said = []
    for at_s in range(0, duration_s, step_s):
        reading = process(memory(at_s) + rng.uniform(-noise_mb, noise_mb), new=at_s == 0)
        sample = Sample(at_s, at_s, processes=(reading,))
        said += [(at_s, growth) for growth in watcher.update(sample)]
    return said


def leak(mb_per_hour: float) -> Memory:
    return lambda at_s: LEVEL_MB + mb_per_hour * at_s / HOUR_S


@pytest.mark.parametrize("mb_per_hour", [50.5, 80.0, 400.0])
def test_a_leak_is_found_within_an_hour(mb_per_hour: float) -> None:
    said = watch(leak(mb_per_hour), step_s=1)
    assert 1200 <= said[0][0] < 1500
    at_s, last = said[-1]
    assert at_s == HOUR_S - 1
    assert last.what == "gateway memory"
    assert last.bytes_per_hour == pytest.approx(mb_per_hour * MB, rel=0.02)
    assert last.alarming
    assert last.sentence == (
        f"Gateway memory grows {last.bytes_per_hour / MB:.0f} MB/hour, for 59 minutes now; "
        "50 MB/hour or more is a leak."
    )


def test_a_small_leak_is_said_without_alarm() -> None:
    _, last = watch(leak(20.0))[-1]
    assert not last.alarming
    assert last.sentence == "Gateway memory grows 20 MB/hour, for 59 minutes now."


def test_less_than_what_comes_and_goes_by_itself_is_not_said() -> None:
    assert watch(leak(3.0)) == []


def test_a_leak_is_found_where_samples_are_a_minute_apart() -> None:
    said = watch(leak(60.0), duration_s=2 * HOUR_S, step_s=60)
    assert 1200 <= said[0][0] < HOUR_S


def test_a_leak_that_starts_late_is_found_in_the_end() -> None:
    late = 10 * HOUR_S

    def memory(at_s: float) -> float:
        return LEVEL_MB + 50 * max(0.0, at_s - late) / HOUR_S

    said = watch(memory, duration_s=20 * HOUR_S, step_s=10)
    assert said
    assert said[0][0] > late


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.1, 5.0, 100.0]), st.booleans())
def test_noise_never_grows(seed: int, noise_mb: float, gaussian: bool) -> None:
    rng = random.Random(seed)

    def memory(_: float) -> float:
        return LEVEL_MB + (rng.gauss(0, noise_mb / 3) if gaussian else 0.0)

    assert watch(memory, noise_mb=noise_mb, seed=seed, step_s=2) == []


@pytest.mark.parametrize("minutes", [1, 2, 5])
@pytest.mark.parametrize("rise_mb", [100.0, 1000.0])
def test_a_warm_up_that_levels_off_is_no_growth(minutes: float, rise_mb: float) -> None:
    def memory(at_s: float) -> float:
        return LEVEL_MB + rise_mb * (1 - math.exp(-at_s / (60 * minutes)))

    assert watch(memory) == []


@pytest.mark.parametrize("at_minute", [1, 5, 9, 12, 30, 44])
@pytest.mark.parametrize("steps", [1, 2])
def test_a_step_is_no_growth(at_minute: int, steps: int) -> None:
    def memory(at_s: float) -> float:
        return LEVEL_MB + 500 * min(steps, at_s // (60 * at_minute))

    assert watch(memory) == []


@pytest.mark.parametrize("period_s", [3, 20, 60, 120, 200, 300, 420])
def test_what_is_cleared_again_and_again_is_no_growth(period_s: int) -> None:
    assert watch(lambda at_s: LEVEL_MB + 200 * (at_s % period_s) / period_s) == []


def test_a_leak_shows_under_what_is_cleared_again_and_again() -> None:
    said = watch(lambda at_s: leak(60.0)(at_s) + 30 * (at_s % 20) / 20)
    assert said[-1][1].bytes_per_hour == pytest.approx(60 * MB, rel=0.1)


def test_a_fall_is_no_growth() -> None:
    assert watch(leak(-60.0)) == []


def test_processes_that_restart_begin_anew() -> None:
    watcher = GrowthWatcher()
    watch(leak(100.0), watcher=watcher)
    assert watcher.update(Sample(0, HOUR_S, processes=(process(400.0, new=True),))) == ()
    again = Sample(0, HOUR_S + 1, processes=(process(400.0),))
    assert watcher.update(again) == ()


def test_another_number_of_processes_begins_anew() -> None:
    watcher = GrowthWatcher()
    watch(leak(100.0), watcher=watcher)
    assert watcher.update(Sample(0, HOUR_S, processes=(process(400.0),)))
    assert watcher.update(Sample(0, HOUR_S + 1, processes=(process(600.0, count=4),))) == ()


def test_what_is_not_read_is_not_said() -> None:
    watcher = GrowthWatcher()
    watch(leak(100.0), watcher=watcher)
    assert watcher.update(Sample(0, HOUR_S, processes=(ProcessReading("gateway"),))) == ()


def test_each_gpu_is_followed_by_its_uuid() -> None:
    watcher = GrowthWatcher()
    for at_s in range(HOUR_S):
        # The driver numbers them anew half way.
        leaking, steady = (0, 1) if at_s < HOUR_S / 2 else (1, 0)
        gpus = (
            GpuReading(leaking, "GPU-a", memory_used_bytes=round((4000 + at_s / 36) * MB)),
            GpuReading(steady, "GPU-b", memory_used_bytes=8000 * MB),
        )
        said = watcher.update(Sample(at_s, at_s, gpus=gpus))
    (growth,) = said
    assert growth.what == "GPU 1 memory"
    assert growth.bytes_per_hour == pytest.approx(100 * MB, rel=0.02)


def test_a_part_of_a_gpu_is_named() -> None:
    watcher = GrowthWatcher()
    for at_s in range(0, HOUR_S, 10):
        used_bytes = round((4000 + at_s / 36) * MB)
        part = GpuReading(0, "MIG-a", memory_used_bytes=used_bytes, mig_index=2)
        said = watcher.update(Sample(at_s, at_s, gpus=(part,)))
    assert [growth.what for growth in said] == ["GPU 0 part 2 memory"]
