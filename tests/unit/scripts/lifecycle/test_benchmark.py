"""Load, first inference, unload: what is made of what a way says."""

from typing import Any

import pytest

from scripts.lifecycle.benchmark import ModelLifecycleBenchmark
from scripts.lifecycle.memory import Memory
from scripts.lifecycle.metrics import LoadMetrics, UnloadMetrics
from scripts.lifecycle.verdicts import LEAK, LOAD_TIME, RECLAMATION, Verdict
from tests.unit.scripts.lifecycle.scripted import MODEL, ScriptedWay, held


def cycle(before: float, loaded: float, asked: float, after: float) -> list[Memory]:
    return [held(before), held(loaded), held(asked), held(asked), held(after)]


def way(*cycles: list[Memory], **told: Any) -> ScriptedWay:
    return ScriptedWay([look for one in cycles for look in one], **told)


def test_a_load_has_its_time_its_memory_and_its_first_inference() -> None:
    benchmark = ModelLifecycleBenchmark(MODEL, way(cycle(400, 490, 500, 410)))
    assert benchmark.benchmark_load(cold=False) == LoadMetrics(
        1,
        load_time_ms=100,
        memory_before_mb=400,
        memory_increase_mb=90,
        memory_held_mb=100,
        own_held_mb=50,
        gpu_memory_increase_mb=None,
        cache_hit=True,
        first_inference_ms=7,
    )


def test_an_unload_gives_back_a_part_of_what_the_model_held() -> None:
    scripted = way(cycle(400, 490, 500, 410), untrimmed=held(450))
    benchmark = ModelLifecycleBenchmark(MODEL, scripted)
    unload = benchmark.benchmark_unload(benchmark.benchmark_load(cold=True))
    assert unload == UnloadMetrics(
        1,
        unload_time_ms=20,
        memory_reclaimed_mb=90,
        reclamation_percentage=90,
        untrimmed_percentage=50,
        memory_left_mb=410,
    )
    assert benchmark.unload_results == [unload]


def test_memory_of_a_gpu_counts_where_it_is_known() -> None:
    looks = [held(0, gpu_mb=gpu_mb) for gpu_mb in (0, 300, 320, 320, 20)]
    benchmark = ModelLifecycleBenchmark(MODEL, ScriptedWay(looks))
    load = benchmark.benchmark_load(cold=False)
    assert load.gpu_memory_increase_mb == 300
    assert benchmark.benchmark_unload(load).gpu_memory_reclaimed_mb == 300


def test_only_the_first_cycle_reads_from_the_disk() -> None:
    scripted = way(*[cycle(400, 490, 500, 400)] * 3)
    found = ModelLifecycleBenchmark(MODEL, scripted).benchmark_repeated_cycles(3)
    assert scripted.forgotten == 1
    assert [load.cache_hit for load in found.loads] == [False, True, True]


def test_a_leaking_model_is_found() -> None:
    leaking = [cycle(400 + 30 * n, 490 + 30 * n, 500 + 30 * n, 430 + 30 * n) for n in range(4)]
    found = ModelLifecycleBenchmark(MODEL, way(*leaking)).benchmark_repeated_cycles(4)
    assert found.leak_mb == 90
    assert LEAK.verdict(found.leak_mb) is Verdict.FAIL
    assert RECLAMATION.verdict(found.reclamation_percentage) is Verdict.GOOD


def test_what_stays_of_the_first_load_alone_is_no_leak() -> None:
    steady = [cycle(400, 600, 610, 480), *[cycle(480, 600, 610, 481)] * 3]
    found = ModelLifecycleBenchmark(MODEL, way(*steady)).benchmark_repeated_cycles(4)
    assert LEAK.verdict(found.leak_mb) is Verdict.PASS
    assert found.above_baseline_mb == 81


def test_a_slow_model_is_found() -> None:
    scripted = way(*[cycle(400, 490, 500, 400)] * 3, load_ms=(30_000, 11_000, 12_000))
    found = ModelLifecycleBenchmark(MODEL, scripted).benchmark_repeated_cycles(3)
    assert LOAD_TIME.verdict(found.warm_load_ms) is Verdict.SLOW


@pytest.mark.parametrize("fails_at", [1, 2])
def test_a_load_that_fails_ends_the_cycles_and_is_told(fails_at: int) -> None:
    scripted = way(*[cycle(400, 490, 500, 400)] * 3, fails_at=fails_at)
    told: list[int] = []
    found = ModelLifecycleBenchmark(MODEL, scripted).benchmark_repeated_cycles(
        3, lambda load, _: told.append(load.cycle)
    )
    assert found.error == "ValueError: no such network"
    assert len(found.loads) == fails_at
    assert told == list(range(1, fails_at))
