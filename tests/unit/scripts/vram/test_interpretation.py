"""What the figures mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.vram.interpretation import interpretations, planning
from scripts.vram.result import BenchmarkResult

MB = 2**20


def result(name: str = "a", *, actual_mb: int | None = 100, **others: object) -> BenchmarkResult:
    size_bytes = None if actual_mb is None else actual_mb * MB
    settings = {"estimated_bytes": 100 * MB, "load_s": 1.0, "loaded_bytes": size_bytes, **others}
    return BenchmarkResult(name=name, category="depth", **settings)  # type: ignore[arg-type]


def seen(*results: BenchmarkResult, available_mb: int | None = 1000) -> dict[str, str]:
    available_bytes = None if available_mb is None else available_mb * MB
    return {row.metric: row.seen for row in interpretations(results, available_bytes, "VRAM")}


def test_where_nothing_is_wrong_every_row_says_so() -> None:
    assert seen(result()) == {
        "Actual > Estimated": "none",
        "Load Time > 5s": "none",
        "Status: FAIL": "none",
        "Total VRAM > Available": "no",
        "Memory kept after unload": "none",
    }


def test_each_row_names_its_models_with_their_figures() -> None:
    found = seen(
        result("large", actual_mb=1500),
        result("slow", load_s=5.25),
        result("broken", error="Model failed: x", loaded_bytes=900 * MB),
        result("kept", left_bytes=60 * MB),
    )
    assert found == {
        "Actual > Estimated": "large (1,500 MB of 100 MB)",
        "Load Time > 5s": "slow (5.25s)",
        "Status: FAIL": "broken",
        "Total VRAM > Available": "1,700 MB > 1,000 MB",
        "Memory kept after unload": "kept (60 MB)",
    }


def test_a_model_that_the_gpu_never_sees_has_no_estimate_to_exceed() -> None:
    assert seen(result(estimated_bytes=0))["Actual > Estimated"] == "none"


def test_exactly_five_seconds_are_not_slow() -> None:
    assert seen(result(load_s=5.0))["Load Time > 5s"] == "none"


@pytest.mark.parametrize(
    ("sizes_mb", "verdict"),
    [
        ([400, 450], "All fit together."),
        ([400, 451], "All fit together, with less than 15% to spare."),
        ([400, 501], "Each fits alone, not all together: they take turns."),
        ([10, 851], "Each fits alone, the largest with less than 15% to spare."),
        ([10, 901], "Too large for that, each alone: model-1."),
    ],
)
def test_the_headroom_decides_what_fits(sizes_mb: list[int], verdict: str) -> None:
    results = [result(f"model-{place}", actual_mb=size) for place, size in enumerate(sizes_mb)]
    *_, headroom = planning(results, 1000 * MB, "VRAM")
    assert "with 10% to 15% kept free for inference, 850 MB to 900 MB are for models" in headroom
    assert headroom.endswith(f"FRAMEGATE_VRAM_BUDGET_MB should be. {verdict}")


def test_figures_of_planning_are_those_of_what_was_measured_to_its_end() -> None:
    failed = result("failed", actual_mb=900, error="Model failed: x")
    peak, total, available, _ = planning([result(), failed, result("b")], 800 * MB, "VRAM")
    assert peak.startswith("**Peak VRAM** (100 MB)")
    assert total.startswith("**Total VRAM** (200 MB)")
    assert available.startswith("**Available** (800 MB)")


@pytest.mark.parametrize(("results", "available_mb"), [([result()], None), ([], 1000)])
def test_without_figures_only_the_rule_is_given(
    results: list[BenchmarkResult], available_mb: int | None
) -> None:
    available_bytes = available_mb and available_mb * MB
    *_, headroom = planning(results, available_bytes, "VRAM")
    assert headroom == "**Headroom:** keep 10% to 15% free for inference"


@given(st.lists(st.integers(1, 2000), min_size=1), st.integers(1, 3000))
def test_what_is_said_to_fit_together_leaves_a_tenth(
    sizes_mb: list[int], available_mb: int
) -> None:
    results = [result(f"m{place}", actual_mb=size) for place, size in enumerate(sizes_mb)]
    *_, headroom = planning(results, available_mb * MB, "VRAM")
    together = "All fit together" in headroom
    assert together == (sum(sizes_mb) * MB <= int(available_mb * MB * 0.9))
