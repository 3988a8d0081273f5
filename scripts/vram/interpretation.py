"""What the figures mean, and what to do about it. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from scripts.vram.result import BenchmarkResult
from scripts.vram.words import mb, names, seconds

SLOW_LOAD_S = 5.0
LEAST_HEADROOM, MOST_HEADROOM = 0.10, 0.15


class Interpretation(NamedTuple):
    """One row of the report.

    Attributes:
        seen: the models that it is about, with their figures; "none".
    """

    metric: str
    seen: str
    means: str
    action: str


def interpretations(
    results: Sequence[BenchmarkResult], available_bytes: int | None, memory: str
) -> list[Interpretation]:
    """Every row, also those about nothing.

    Args:
        memory: what it is called, such as "VRAM".
    """
    larger = [
        f"{one.name} ({mb(one.actual_bytes)} of {mb(one.estimated_bytes)})"
        for one in results
        if one.success and one.actual_bytes and 0 < one.estimated_bytes < one.actual_bytes
    ]
    slow = [
        f"{one.name} ({seconds(one.load_s)})"
        for one in results
        if one.load_s is not None and one.load_s > SLOW_LOAD_S
    ]
    kept = [f"{one.name} ({mb(one.left_bytes)})" for one in results if one.left_bytes]
    total_bytes = sum(sizes(results))
    too_much = available_bytes is not None and total_bytes > available_bytes
    return [
        Interpretation(
            "Actual > Estimated",
            names(larger),
            f"The model takes more {memory} than the catalogue says",
            "Run with --update-catalog, or raise memory_estimate_mb in "
            "backend/enrichment/catalog.toml",
        ),
        Interpretation(
            f"Load Time > {SLOW_LOAD_S:g}s",
            names(slow),
            "The model starts slowly",
            "Pin it (POST /v1/models/NAME/pin), or load it before it is needed",
        ),
        Interpretation(
            "Status: FAIL",
            names([one.name for one in results if not one.success]),
            "The model could not be loaded, asked or unloaded",
            "See what went wrong above; Triton's log has the whole reason",
        ),
        Interpretation(
            f"Total {memory} > Available",
            f"{mb(total_bytes)} > {mb(available_bytes)}" if too_much else "no",
            "The models cannot all be loaded at once",
            "Let the zoo swap them (FRAMEGATE_VRAM_BUDGET_MB), or set enabled = false for some",
        ),
        Interpretation(
            "Memory kept after unload",
            names(kept),
            f"{memory} did not come back within 5 s",
            "Start Triton again from time to time; the zoo charges for it until then",
        ),
    ]


def planning(
    results: Sequence[BenchmarkResult], available_bytes: int | None, memory: str
) -> list[str]:
    """A sentence each, the headroom last."""
    found = sizes(results)
    peak_bytes = max(found, default=None)
    total_bytes = sum(found) if found else None
    return [
        f"**Peak {memory}** ({mb(peak_bytes)}): what the largest model alone needs",
        f"**Total {memory}** ({mb(total_bytes)}): for all at once, which the zoo does not need",
        f"**Available** ({mb(available_bytes)}): the total without the baseline",
        _headroom(results, available_bytes),
    ]


def sizes(results: Sequence[BenchmarkResult]) -> list[int]:
    """Of what was measured to its end, in bytes."""
    return [one.actual_bytes for one in results if one.success and one.actual_bytes is not None]


def _headroom(results: Sequence[BenchmarkResult], available_bytes: int | None) -> str:
    share = f"{LEAST_HEADROOM:.0%} to {MOST_HEADROOM:.0%}"
    if available_bytes is None or not sizes(results):
        return f"**Headroom:** keep {share} free for inference"
    least_bytes = int(available_bytes * (1 - MOST_HEADROOM))
    most_bytes = int(available_bytes * (1 - LEAST_HEADROOM))
    return (
        f"**Headroom:** with {share} kept free for inference, {mb(least_bytes)} to "
        f"{mb(most_bytes)} are for models, which is the most that FRAMEGATE_VRAM_BUDGET_MB should "
        f"be. {_verdict(results, least_bytes, most_bytes)}"
    )


def _verdict(results: Sequence[BenchmarkResult], least_bytes: int, most_bytes: int) -> str:
    found = sizes(results)
    too_large = [
        one.name for one in results if one.success and (one.actual_bytes or 0) > most_bytes
    ]
    if too_large:
        return f"Too large for that, each alone: {names(too_large)}."
    if max(found) > least_bytes:
        return "Each fits alone, the largest with less than 15% to spare."
    if sum(found) <= least_bytes:
        return "All fit together."
    if sum(found) <= most_bytes:
        return "All fit together, with less than 15% to spare."
    return "Each fits alone, not all together: they take turns."
