"""Two runs side by side: stages matched, each figure judged. Pure."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from loadtest._compare._figures import FIGURES, Figure
from loadtest._compare._runs import Bracket, Run, Stage, expectation_for
from loadtest._compare._values import Difference, Value, difference
from loadtest._errors import EXIT_INCONCLUSIVE, EXIT_OBJECTIVE_MISSED, EXIT_PASSED

# Every frame that fails is one that somebody waits for: of success, no tolerance forgives more.
MAX_SUCCESS_TOLERANCE_POINTS = 1.0

Outcome = Literal["worse", "better", "differs", "within", "uncertain", "not judged"]


@dataclass(frozen=True)
class Change:
    """One figure of one stage in both runs; `difference` is None where one of them has none."""

    figure: Figure
    a: Value | None
    b: Value | None
    difference: Difference | None
    outcome: Outcome


@dataclass(frozen=True)
class StageComparison:
    """Two stages that belong together; `doubt` says why they are not judged."""

    a: Stage
    b: Stage
    changes: Sequence[Change]
    doubt: str | None

    @property
    def users(self) -> int:
        return self.b.users

    @property
    def kind(self) -> str:
        return self.b.kind or self.a.kind or "stage"


@dataclass(frozen=True)
class CapacityChange:
    a: Bracket
    b: Bracket
    percent: float | None
    outcome: Outcome


@dataclass(frozen=True)
class Comparison:
    """All that is said of two runs; `differences` are names with what A and B have there."""

    a: Run
    b: Run
    tolerance_percent: float
    differences: Sequence[tuple[str, str, str]]
    stages: Sequence[StageComparison]
    only_in_a: Sequence[Stage]
    only_in_b: Sequence[Stage]
    capacity: CapacityChange | None

    @property
    def outcomes(self) -> Counter[Outcome]:
        counted = Counter(change.outcome for stage in self.stages for change in stage.changes)
        if self.capacity is not None:
            counted[self.capacity.outcome] += 1
        return counted

    @property
    def judged(self) -> int:
        return self.outcomes.total() - self.outcomes["not judged"]

    @property
    def exit_code(self) -> int:
        """A comparison in which nothing was judged has not passed."""
        if self.outcomes["worse"]:
            return EXIT_OBJECTIVE_MISSED
        return EXIT_PASSED if self.judged else EXIT_INCONCLUSIVE


def compare(a: Run, b: Run, tolerance_percent: float) -> Comparison:
    pairs = list(_pairs(a, b))
    matched_a, matched_b = {id(one) for one, _ in pairs}, {id(other) for _, other in pairs}
    return Comparison(
        a=a,
        b=b,
        tolerance_percent=tolerance_percent,
        differences=[
            (name, a.setup[name], b.setup[name])
            for name in a.setup
            if name in b.setup and a.setup[name] != b.setup[name]
        ],
        stages=[_compare_stages(one, other, tolerance_percent) for one, other in pairs],
        only_in_a=[stage for stage in a.stages if id(stage) not in matched_a],
        only_in_b=[stage for stage in b.stages if id(stage) not in matched_b],
        capacity=_compare_capacity(a.capacity, b.capacity, tolerance_percent),
    )


def _pairs(a: Run, b: Run) -> Iterator[tuple[Stage, Stage]]:
    """Stages of one kind and as many users, in their order; expectations fit any kind."""
    if a.expected == b.expected:
        waiting = list(b.stages)
        for one in a.stages:
            for other in waiting:
                if (one.kind, one.users) == (other.kind, other.users):
                    waiting.remove(other)
                    yield one, other
                    break
        return
    for one in a.stages:
        for other in b.stages:
            # After an overload nobody has stated what to expect.
            if one.users == other.users and "recovery" not in (one.kind, other.kind):
                yield one, other


def _compare_stages(a: Stage, b: Stage, tolerance_percent: float) -> StageComparison:
    doubt = "; ".join(
        f"in {name}, {stage.doubt}" for name, stage in (("A", a), ("B", b)) if stage.doubt
    )
    held_a = expectation_for(a, b) if a.kind is None else a
    held_b = expectation_for(b, a) if b.kind is None else b
    # Of an expectation, what it does not speak of is no part.
    named = [held.values for held in (held_a, held_b) if held.kind is None]
    wanted = set().union(*(named or [held_a.values, held_b.values]))
    changes = [
        _compare_figure(figure, held_a, held_b, tolerance_percent, judged=not doubt)
        for figure in FIGURES
        if figure.name in wanted
    ]
    return StageComparison(a, b, changes, doubt or None)


def _compare_figure(
    figure: Figure, a: Stage, b: Stage, tolerance_percent: float, *, judged: bool
) -> Change:
    value_a, value_b = a.values.get(figure.name), b.values.get(figure.name)
    if value_a is None or value_b is None:
        return Change(figure, value_a, value_b, None, "not judged")
    made = difference(value_a, value_b)
    against_expectation = value_a.expected or value_b.expected
    comparable = {
        "always": figure.name != "achieved_per_s" or against_expectation or _offer_alike(a, b),
        "expected": against_expectation,
        "shown": False,
    }
    if not judged or not comparable[figure.judged]:
        return Change(figure, value_a, value_b, made, "not judged")
    return Change(figure, value_a, value_b, made, _judge(figure, made, tolerance_percent))


def _offer_alike(a: Stage, b: Stage) -> bool:
    """Whether the rates can be compared.

    Cameras that send less often are answered less often, and that is no change. A burst keeps no
    pace: how long its stage lasted is not how long its frames took.
    """
    if a.offered_per_s is None or b.offered_per_s is None or "burst" in (a.kind, b.kind):
        return False
    return math.isclose(a.offered_per_s, b.offered_per_s, rel_tol=1e-3)


def _judge(figure: Figure, made: Difference, tolerance_percent: float) -> Outcome:
    if figure.in_points:
        change: float | None = made.amount
        tolerance_percent = min(tolerance_percent, MAX_SUCCESS_TOLERANCE_POINTS)
    else:
        change = made.percent
    if change is None:
        change = math.copysign(math.inf, made.amount) if made.amount else 0.0
    if abs(change) <= tolerance_percent:
        return "within"
    if not made.certain:
        return "uncertain"
    if figure.better == "neither":
        return "differs"
    return "better" if (change > 0) == (figure.better == "higher") else "worse"


def _compare_capacity(
    a: Bracket | None, b: Bracket | None, tolerance_percent: float
) -> CapacityChange | None:
    """Where the brackets overlap, both may carry the same."""
    if a is None or b is None:
        return None
    percent = None
    if a.cameras is not None and b.cameras is not None:
        percent = 100 * (b.cameras - a.cameras) / a.cameras
    if percent is not None and abs(percent) <= tolerance_percent:
        outcome: Outcome = "within"
    elif _ends_below(b, a):
        outcome = "worse"
    elif _ends_below(a, b):
        outcome = "better"
    else:
        outcome = "uncertain"
    return CapacityChange(a, b, percent, outcome)


def _ends_below(one: Bracket, other: Bracket) -> bool:
    """Whether one failed with what the other carried."""
    return one.fails_at is not None and other.cameras is not None and one.fails_at <= other.cameras
