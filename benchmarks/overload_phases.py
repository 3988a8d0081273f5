"""Calm, overload, recovery: one plan of requests, and what its answers say. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.figures import Target, percentile_or_none
from benchmarks.load import Answer

CALM_SHARE = 0.1
# From when on after an overload latency must be as it was before.
HEALED_AFTER_S = 2.0
GOODPUT_SHARE = 0.9
REJECTION_MS = 50.0
MEMORY_GROWTH = 1.1
SLOWER_AFTERWARDS = 2.0


@dataclass(frozen=True)
class Plan:
    """When requests are sent: at a tenth of the capacity, at a multiple of it, at a tenth again."""

    capacity_per_s: float
    factor: float
    overload_s: float
    calm_s: float = 5.0

    @property
    def overload(self) -> tuple[float, float]:
        """Beginning and end, in seconds from the start."""
        return self.calm_s, self.calm_s + self.overload_s

    @property
    def end_s(self) -> float:
        return self.calm_s + self.overload_s + HEALED_AFTER_S + self.calm_s

    def schedule(self) -> list[float]:
        begin_s, stop_s = self.overload
        calm_per_s = self.capacity_per_s * CALM_SHARE
        return [
            *evenly(0.0, begin_s, calm_per_s),
            *evenly(begin_s, stop_s, self.capacity_per_s * self.factor),
            *evenly(stop_s, self.end_s, calm_per_s),
        ]


def evenly(begin_s: float, end_s: float, per_s: float) -> list[float]:
    """At least one."""
    count = max(1, round((end_s - begin_s) * per_s))
    return [begin_s + (end_s - begin_s) * place / count for place in range(count)]


@dataclass(frozen=True)
class Outcome:
    """What a plan came to. Figures of the overload unless named otherwise; None: no such answer.

    Attributes:
        offered_per_s: requests that went out.
        goodput_per_s: right answers.
        statuses: status → answers; `none` for those that never came.
        faults: what was wrong → answers.
    """

    offered_per_s: float
    goodput_per_s: float
    admitted_p95_ms: float | None
    rejected_p95_ms: float | None
    statuses: dict[str, int]
    faults: dict[str, int]
    calm_p50_ms: float | None
    recovered_p50_ms: float | None


def outcome(plan: Plan, answers: Sequence[Answer]) -> Outcome:
    begin_s, stop_s = plan.overload
    during = began_within(answers, begin_s, stop_s)
    admitted = [answer for answer in during if good(answer)]
    finished = [answer for answer in answers if begin_s <= answer.finished_s < stop_s]
    return Outcome(
        offered_per_s=len(during) / plan.overload_s,
        goodput_per_s=sum(map(good, finished)) / plan.overload_s,
        admitted_p95_ms=latency_ms(admitted, 95),
        rejected_p95_ms=latency_ms((one for one in during if one.status == 503), 95),
        statuses=dict(Counter(str(one.status or "none") for one in during)),
        faults=dict(Counter(one.fault for one in answers if one.fault)),
        calm_p50_ms=latency_ms(filter(good, began_within(answers, 0, begin_s)), 50),
        recovered_p50_ms=latency_ms(
            filter(good, began_within(answers, stop_s + HEALED_AFTER_S, plan.end_s)), 50
        ),
    )


def good(answer: Answer) -> bool:
    return answer.status == 200 and not answer.fault


def began_within(answers: Iterable[Answer], begin_s: float, end_s: float) -> list[Answer]:
    return [answer for answer in answers if begin_s <= answer.began_s < end_s]


def latency_ms(answers: Iterable[Answer], percent: float) -> float | None:
    return percentile_or_none(sorted(answer.latency_ms for answer in answers), percent)


def targets_of(
    plan: Plan, found: Outcome, *, objective_ms: float, memory_bytes: Sequence[int]
) -> list[Target]:
    """What an overloaded gateway owes.

    Args:
        memory_bytes: at the overload's beginning, once it has settled, and at its end.
    """
    goodput_share = found.goodput_per_s / plan.capacity_per_s
    growth = memory_bytes[-1] / memory_bytes[1] if memory_bytes[1] else None
    slower = (
        found.recovered_p50_ms / found.calm_p50_ms
        if found.recovered_p50_ms is not None and found.calm_p50_ms
        else None
    )
    return [
        Target("goodput / best", goodput_share, GOODPUT_SHARE, True),
        Target("p95 of the admitted", found.admitted_p95_ms, objective_ms, False, " ms"),
        Target("p95 of the rejected", found.rejected_p95_ms, REJECTION_MS, False, " ms"),
        Target("answers wrong or without Retry-After", sum(found.faults.values()), 0, False),
        Target("memory, end / after it settled", growth, MEMORY_GROWTH, False),
        Target("p50 2 s after / before", slower, SLOWER_AFTERWARDS, False),
    ]
