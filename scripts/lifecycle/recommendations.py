"""From figures to what to do. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from scripts.lifecycle.kinds import Kind
from scripts.lifecycle.metrics import Isolation, Lifecycle
from scripts.lifecycle.verdicts import LEAK, LOAD_TIME, RECLAMATION, Verdict

# Of a model's footprint, what a worker that holds it should be given.
RESERVE_RATIO = 1.5
NAMES = {
    Isolation.PROCESS: "In process",
    Isolation.SUBPROCESS: "In a subprocess",
    Isolation.TRITON: "In Triton",
}


class Loading(StrEnum):
    LAZY = "lazy"
    PREWARM_POPULAR = "pre-warm what is asked for most"
    PREWARM = "pre-warm"


class Unloading(StrEnum):
    GARBAGE_COLLECTION = "garbage collection"
    SUBPROCESS = "subprocess"


@dataclass(frozen=True)
class LoadingAdvice:
    """
    Attributes:
        slowest_ms: the warm load of the slowest model, and which kind it is.
    """

    isolation: Isolation
    advice: Loading
    mean_ms: float
    slowest_ms: float
    slowest: Kind


@dataclass(frozen=True)
class UnloadingAdvice:
    """
    Attributes:
        worst_percentage: of memory that came back, over the models; None where it is not known.
        worst_leak_mb: the most that any model grew by.
    """

    advice: Unloading
    watch: bool
    worst_percentage: float | None
    worst_leak_mb: float | None


@dataclass(frozen=True)
class MemoryPlan:
    """
    Attributes:
        reserve_mb: for one worker with one model.
        total_mb: for `models` of them.
        base_mb: what the processes take without any model; None where that is not known.
    """

    isolation: Isolation
    largest_mb: float
    largest: Kind
    reserve_mb: float
    models: int
    total_mb: float
    base_mb: float | None


@dataclass(frozen=True)
class Recommendations:
    loading: Sequence[LoadingAdvice]
    unloading: UnloadingAdvice | None
    memory: Sequence[MemoryPlan]

    def sentences(self) -> list[str]:
        told = [_loading(one) for one in self.loading]
        if self.unloading is not None:
            told.append(_unloading(self.unloading))
        return [*told, *(_memory(one) for one in self.memory)]


def recommend(lifecycles: Sequence[Lifecycle], *, models: int) -> Recommendations:
    """What the figures say; nothing of what was not measured.

    Args:
        models: how many are to be held at once.
    """
    by_isolation = {
        isolation: [one for one in lifecycles if one.isolation is isolation]
        for isolation in Isolation
    }
    loading = [loading_advice(isolation, found) for isolation, found in by_isolation.items()]
    memory = [memory_plan(isolation, found, models) for isolation, found in by_isolation.items()]
    return Recommendations(
        loading=[one for one in loading if one is not None],
        unloading=unloading_advice(by_isolation[Isolation.PROCESS]),
        memory=[one for one in memory if one is not None],
    )


def loading_advice(isolation: Isolation, found: Sequence[Lifecycle]) -> LoadingAdvice | None:
    """By the slowest model: one that is slow is reason enough."""
    times = [(one.warm_load_ms, one.kind) for one in found if one.warm_load_ms is not None]
    if not times:
        return None
    slowest_ms, slowest = max(times)
    verdict = LOAD_TIME.verdict(slowest_ms)
    advice = {Verdict.SLOW: Loading.PREWARM, Verdict.MODERATE: Loading.PREWARM_POPULAR}
    return LoadingAdvice(
        isolation,
        advice.get(verdict, Loading.LAZY) if verdict else Loading.LAZY,
        statistics.fmean(ms for ms, _ in times),
        slowest_ms,
        slowest,
    )


def unloading_advice(in_process: Sequence[Lifecycle]) -> UnloadingAdvice | None:
    """A subprocess where any model gives back under 70 %, or leaks."""
    parts = [one.reclamation_percentage for one in in_process]
    leaks = [one.leak_mb for one in in_process]
    worst_percentage = min((part for part in parts if part is not None), default=None)
    worst_leak_mb = max((leak for leak in leaks if leak is not None), default=None)
    if worst_percentage is None and worst_leak_mb is None:
        return None
    kept, leaked = RECLAMATION.verdict(worst_percentage), LEAK.verdict(worst_leak_mb)
    apart = kept in {Verdict.MODERATE, Verdict.POOR} or leaked is Verdict.FAIL
    return UnloadingAdvice(
        Unloading.SUBPROCESS if apart else Unloading.GARBAGE_COLLECTION,
        watch=not apart and (kept is Verdict.GOOD or leaked is Verdict.CAUTION),
        worst_percentage=worst_percentage,
        worst_leak_mb=worst_leak_mb,
    )


def memory_plan(isolation: Isolation, found: Sequence[Lifecycle], models: int) -> MemoryPlan | None:
    """By the largest model, as any of them may be the one that is held."""
    sizes = [(one.footprint_mb, one.kind) for one in found if one.footprint_mb is not None]
    if not sizes:
        return None
    largest_mb, largest = max(sizes)
    reserve_mb = RESERVE_RATIO * largest_mb
    base_mb = max((one.base_mb for one in found if one.base_mb is not None), default=None)
    return MemoryPlan(
        isolation, largest_mb, largest, reserve_mb, models, models * reserve_mb, base_mb
    )


def _loading(advice: LoadingAdvice) -> str:
    what = {
        Loading.LAZY: "load on the first request",
        Loading.PREWARM_POPULAR: "load the models that are asked for most at the start",
        Loading.PREWARM: f"load {advice.slowest} at the start",
    }[advice.advice]
    return (
        f"{NAMES[advice.isolation]}, {what}: a warm load takes {advice.mean_ms / 1000:.2f} s on "
        f"average and {advice.slowest_ms / 1000:.2f} s at most ({advice.slowest})."
    )


def _unloading(advice: UnloadingAdvice) -> str:
    figures = []
    if advice.worst_percentage is not None:
        figures.append(f"gave back {advice.worst_percentage:.0f} % of a model's memory at worst")
    if advice.worst_leak_mb is not None:
        figures.append(f"left {advice.worst_leak_mb:.0f} MB of growth at most")
    found = " and ".join(figures)
    if advice.advice is Unloading.SUBPROCESS:
        return f"Give each model a process of its own: garbage collection {found}."
    watch = " Watch processes that live long." if advice.watch else ""
    return f"Unloading by garbage collection will do: it {found}.{watch}"


def _memory(plan: MemoryPlan) -> str:
    beside = f", beside the {plan.base_mb:,.0f} MB without any model" if plan.base_mb else ""
    return (
        f"{NAMES[plan.isolation]}, reserve {plan.reserve_mb:,.0f} MB for each worker: "
        f"{RESERVE_RATIO:g} times the {plan.largest_mb:,.0f} MB of the largest model "
        f"({plan.largest}). {plan.models} models at once want {plan.total_mb:,.0f} MB{beside}."
    )
