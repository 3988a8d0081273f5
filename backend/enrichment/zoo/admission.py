"""Who may load now, and who must go for it: a pure decision over all that are asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backend.enrichment.zoo.eviction import Eviction, Refusal, Resident, plan
from backend.enrichment.zoo.states import Policy


@dataclass(frozen=True)
class Demand:
    """A model that somebody waits for.

    Attributes:
        loadable: False while it is still on its way out.
    """

    name: str
    size_bytes: int
    loadable: bool = True


@dataclass(frozen=True)
class Decision:
    """Attributes:
    admit: to load now; there is room.
    evict: to unload now.
    refusals: why others can only wait.
    """

    admit: tuple[str, ...]
    evict: tuple[str, ...]
    refusals: Mapping[str, Refusal]


def decide(
    demands: Sequence[Demand],
    residents: Sequence[Resident],
    free_bytes: int,
    leaving_bytes: int,
    now_s: float,
    policy: Policy,
) -> Decision:
    """Go through the demands, oldest first.

    Each takes its bytes out of what is free and of what is on its way back, so that room made for
    one is not given to another that came later. One that can only wait holds nobody up.
    """
    admit: list[str] = []
    evict: list[str] = []
    refusals: dict[str, Refusal] = {}
    coming_bytes = free_bytes + leaving_bytes
    for demand in demands:
        outcome = plan(residents, demand.size_bytes, coming_bytes, now_s, policy)
        if demand.size_bytes == 0:
            outcome = Eviction(())
        if isinstance(outcome, Refusal):
            refusals[demand.name] = outcome
            continue
        fits_now = demand.size_bytes <= min(free_bytes, coming_bytes) or demand.size_bytes == 0
        if demand.loadable and fits_now:
            admit.append(demand.name)
            free_bytes -= demand.size_bytes
        evict += outcome.names
        coming_bytes += sum(victim.size_bytes for victim in outcome.victims) - demand.size_bytes
        residents = [one for one in residents if one.name not in outcome.names]
    return Decision(tuple(admit), tuple(evict), refusals)
