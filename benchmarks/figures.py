"""From answers to figures, from figures to spreads, from spreads to targets. Pure."""

import os
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from benchmarks.load import Load
from benchmarks.usage import Used
from loadtest._analysis._metrics import percentile


class ProcessCost(NamedTuple):
    """Processor time per request of one process."""

    role: str
    process: str
    pid: int
    cpu_ms: float


@dataclass(frozen=True)
class Window:
    """One measurement of one candidate.

    Attributes:
        requests_per_s: right answers that came while requests were being sent.
        errors: answers other than 200, and answers that never came.
        wrong: answers 200 with another picture's score; None where answers are not looked at.
        faults: what was wrong → how often.
        cpu_ms: processor time per request by role.
        processes: the same for each process.
    """

    requests_per_s: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    sent: int
    errors: int
    wrong: int | None
    faults: dict[str, int] = field(default_factory=dict)
    cpu_ms: dict[str, float] = field(default_factory=dict)
    processes: list[ProcessCost] = field(default_factory=list)


class Spread(NamedTuple):
    """The median over rounds, with the least and the greatest."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Target:
    """A figure and what it should reach.

    Attributes:
        value: None where it was not measured.
        limit: None where nothing is asked of it.
        at_least: whether the limit bounds the value from below.
        spread: where the value is a median over rounds.
    """

    name: str
    value: float | None
    limit: float | None
    at_least: bool
    unit: str = ""
    spread: Spread | None = None

    @classmethod
    def over_rounds(
        cls, name: str, found: Spread | None, limit: float | None, at_least: bool, unit: str = ""
    ) -> Self:
        return cls(name, found.median if found else None, limit, at_least, unit, found)

    @property
    def reached(self) -> bool | None:
        """None where that cannot be said."""
        if self.value is None or self.limit is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def window(load: Load, used: Sequence[Used]) -> Window:
    """The figures of one load, given what the servers' processes used while it ran."""
    good = [answer for answer in load.answers if answer.status == 200 and not answer.fault]
    latencies = sorted(answer.latency_ms for answer in good)
    costs = [
        *costs_of(used, len(load.answers)),
        ProcessCost("generator", "python", os.getpid(), per_request_ms(load.cpu_s, load.sent)),
    ]
    return Window(
        requests_per_s=sum(answer.finished_s <= load.seconds for answer in good) / load.seconds,
        p50_ms=percentile_or_none(latencies, 50),
        p95_ms=percentile_or_none(latencies, 95),
        p99_ms=percentile_or_none(latencies, 99),
        sent=load.sent,
        errors=sum(answer.status != 200 for answer in load.answers),
        wrong=sum(answer.status == 200 and bool(answer.fault) for answer in load.answers),
        faults=dict(Counter(answer.fault for answer in load.answers if answer.fault)),
        cpu_ms=by_role(costs),
        processes=costs,
    )


def costs_of(used: Iterable[Used], requests: int) -> list[ProcessCost]:
    return [
        ProcessCost(role, process, pid, per_request_ms(seconds, requests))
        for role, process, pid, seconds in used
    ]


def per_request_ms(seconds: float, requests: int) -> float:
    return seconds * 1000 / max(1, requests)


def by_role(costs: Iterable[ProcessCost]) -> dict[str, float]:
    total: dict[str, float] = {}
    for cost in costs:
        total[cost.role] = total.get(cost.role, 0.0) + cost.cpu_ms
    return total


def percentile_or_none(ordered: Sequence[float], percent: float) -> float | None:
    return percentile(ordered, percent) if ordered else None


def spread(values: Iterable[float | None]) -> Spread | None:
    """Over the values that are known; None where none is."""
    known = [value for value in values if value is not None]
    return Spread(statistics.median(known), min(known), max(known)) if known else None


def ratio(above: Sequence[float | None], below: Sequence[float | None]) -> Spread | None:
    """The spread of quotients, round by round: what slows a whole round slows both."""
    return spread(
        one / other for one, other in zip(above, below, strict=False) if one is not None and other
    )


def difference(above: Sequence[float | None], below: Sequence[float | None]) -> Spread | None:
    """The spread of differences, round by round."""
    return spread(
        one - other
        for one, other in zip(above, below, strict=False)
        if one is not None and other is not None
    )
