"""How long to search for what, and what is known so far."""

from dataclasses import dataclass, field

from scripts.tuning.points import Batching, Load, Measurement, median_of
from scripts.tuning.search import Space

FINALISTS = 3
WARMUP_S = 0.5
# To unload and load a model; what is measured replaces it.
USUAL_SWITCH_S = 2.5


@dataclass(frozen=True)
class Plan:
    """What to search for, and for how long.

    Attributes:
        load: the one that decides.
        loads: all that the finalists are measured under; `load` is one of them.
    """

    objective_ms: float
    load: Load
    loads: tuple[Load, ...]
    space: Space
    seconds_per_point: float
    max_points: int
    rounds: int

    def longest_s(self, switch_s: float, *, points: int, finals: int) -> float:
        """An upper bound for so many points and so many turns of a finalist."""
        measured_s = WARMUP_S + self.seconds_per_point
        return points * (switch_s + measured_s) + finals * (switch_s + len(self.loads) * measured_s)

    @property
    def most_finals(self) -> int:
        return (FINALISTS + 1) * self.rounds

    @property
    def most_points(self) -> int:
        return min(self.max_points, self.space.size)


@dataclass
class Findings:
    """What is known so far; None for a configuration that Triton refused to load."""

    points: dict[Batching, Measurement | None] = field(default_factory=dict)
    finalists: list[Batching] = field(default_factory=list)
    rounds: dict[tuple[Batching, Load], list[Measurement]] = field(default_factory=dict)

    def final(self, batching: Batching, load: Load) -> Measurement | None:
        """The medians over the rounds of a finalist; None before the first."""
        measured = self.rounds.get((batching, load))
        return median_of(measured) if measured else None

    def under(self, load: Load) -> dict[Batching, Measurement | None]:
        """What to choose from: the finalists once each was measured again, until then all."""
        finals = {batching: self.final(batching, load) for batching in self.finalists}
        return finals if finals and all(finals.values()) else self.points
