"""From figures to what to do."""

import pytest

from scripts.lifecycle.kinds import Kind
from scripts.lifecycle.metrics import Isolation
from scripts.lifecycle.recommendations import Loading, Unloading, recommend
from tests.unit.scripts.lifecycle.scripted import failed, lifecycle


@pytest.mark.parametrize(
    ("slow_ms", "advice"),
    [
        (4_900.0, Loading.LAZY),
        (5_000.0, Loading.PREWARM_POPULAR),
        (10_001.0, Loading.PREWARM),
    ],
)
def test_the_slowest_model_decides_how_to_load(slow_ms: float, advice: Loading) -> None:
    found = recommend(
        [
            lifecycle(kind=Kind.VISION, load_ms=(20_000, 100, 100)),
            lifecycle(kind=Kind.DETECTION, load_ms=(20_000, slow_ms, slow_ms)),
        ],
        models=10,
    )
    (loading,) = found.loading
    assert loading.advice is advice
    assert loading.slowest is Kind.DETECTION
    assert loading.mean_ms == (slow_ms + 100) / 2
    assert f"{slow_ms / 1000:.2f} s at most (detection)" in found.sentences()[0]


@pytest.mark.parametrize(
    ("back", "grown_mb", "advice", "watch"),
    [
        (95.0, 0.0, Unloading.GARBAGE_COLLECTION, False),
        (90.0, 0.0, Unloading.GARBAGE_COLLECTION, True),
        (95.0, 20.0, Unloading.GARBAGE_COLLECTION, True),
        (69.0, 0.0, Unloading.SUBPROCESS, False),
        (95.0, 51.0, Unloading.SUBPROCESS, False),
    ],
)
def test_the_worst_model_decides_how_to_unload(
    back: float, grown_mb: float, advice: Unloading, watch: bool
) -> None:
    worst = lifecycle(back=(0, back, back), left_mb=(400, 400, 400 + grown_mb))
    found = recommend([lifecycle(kind=Kind.EMBEDDING), worst], models=10)
    assert found.unloading is not None
    assert found.unloading.advice is advice
    assert found.unloading.watch is watch
    (sentence,) = (one for one in found.sentences() if "garbage collection" in one)
    assert f"{min(back, 96):.0f} %" in sentence
    assert ("Watch" in sentence) is watch


def test_what_a_subprocess_gives_back_says_nothing_of_garbage_collection() -> None:
    assert recommend([lifecycle(isolation=Isolation.SUBPROCESS)], models=10).unloading is None


def test_a_worker_is_given_one_and_a_half_times_the_largest_model() -> None:
    small = lifecycle(kind=Kind.VISION, held_mb=100)
    large = lifecycle(kind=Kind.TEXT_GENERATION, held_mb=420.5)
    whole = lifecycle(isolation=Isolation.SUBPROCESS, held_mb=700)
    found = recommend([small, large, whole], models=10)
    in_process, in_subprocess = found.memory
    assert in_process.largest is Kind.TEXT_GENERATION
    assert in_process.reserve_mb == 630.75
    assert in_process.total_mb == 6307.5
    assert in_process.base_mb == 400
    assert in_subprocess.total_mb == 10_500
    assert any(
        "reserve 631 MB" in one and "6,308 MB, beside the 400 MB" in one
        for one in found.sentences()
    )


def test_of_what_was_not_measured_nothing_is_said() -> None:
    nothing = recommend([failed(Kind.VISION, Isolation.TRITON, "No server.")], models=10)
    assert nothing.sentences() == []
