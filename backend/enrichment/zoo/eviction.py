"""Which models must go to make room for another: a pure decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from backend.enrichment.zoo.states import Policy, Priority


@dataclass(frozen=True)
class Resident:
    """A model in memory.

    Attributes:
        leases: callers that use it or are about to.
        reload_s: what loading it again would take; None where it was never measured.
    """

    name: str
    priority: Priority
    size_bytes: int
    loaded_at_s: float
    last_used_s: float
    leases: int = 0
    pinned: bool = False
    reload_s: float | None = None


@dataclass(frozen=True)
class Eviction:
    """Room can be made; nobody needs to go where the room is there already."""

    victims: tuple[Resident, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(victim.name for victim in self.victims)


class Why(StrEnum):
    NEVER = "never"  # larger than the budget without what is pinned
    BUSY = "busy"  # what would have to go is in use
    YOUNG = "young"  # what would have to go has only just come


@dataclass(frozen=True)
class Refusal:
    """Attributes:
    retry_after_s: of what has only just come; nobody knows when others are done.
    """

    why: Why
    text: str
    retry_after_s: float = 0.0


def plan(
    residents: Sequence[Resident],
    needed_bytes: int,
    free_bytes: int,
    now_s: float,
    policy: Policy,
) -> Eviction | Refusal:
    """Choose the victims that make room for `needed_bytes`.

    Idle ones only: the lowest priority first, and of equals the one whose idle bytes cost least to
    load again. None is chosen whose staying would leave room enough.
    """
    pinned_bytes = sum(resident.size_bytes for resident in residents if resident.pinned)
    if needed_bytes > policy.budget_bytes - pinned_bytes:
        return Refusal(Why.NEVER, too_large(needed_bytes, pinned_bytes, policy.budget_bytes))
    if needed_bytes <= free_bytes:
        return Eviction(())
    idle = [
        resident
        for resident in residents
        if not resident.pinned and not resident.leases and resident.size_bytes
    ]
    old = [one for one in idle if now_s - one.loaded_at_s >= policy.minimum_residence_s]
    missing_bytes = needed_bytes - free_bytes
    if _size(old) >= missing_bytes:
        return Eviction(_fewest(old, missing_bytes, now_s, policy))
    if _size(idle) >= missing_bytes:
        return _young(idle, missing_bytes, now_s, policy)
    return Refusal(Why.BUSY, _busy(residents, missing_bytes))


def order(resident: Resident, now_s: float, policy: Policy) -> tuple[int, float, str]:
    """Sorts residents so that the one to go first comes first."""
    reload_s = policy.assumed_load_s if resident.reload_s is None else resident.reload_s
    idle_s = max(0.0, now_s - resident.last_used_s)
    worth_freeing = idle_s * resident.size_bytes / max(reload_s, 0.001)
    return (-resident.priority, -worth_freeing, resident.name)


def _fewest(
    candidates: Sequence[Resident], missing_bytes: int, now_s: float, policy: Policy
) -> tuple[Resident, ...]:
    chosen: list[Resident] = []
    for candidate in sorted(candidates, key=lambda one: order(one, now_s, policy)):
        if _size(chosen) >= missing_bytes:
            break
        chosen.append(candidate)
    # A large one chosen late can make small ones chosen before it needless. The worthiest is
    # spared first.
    for candidate in reversed(tuple(chosen)):
        if _size(chosen) - candidate.size_bytes >= missing_bytes:
            chosen.remove(candidate)
    return tuple(chosen)


def _young(idle: Sequence[Resident], missing_bytes: int, now_s: float, policy: Policy) -> Refusal:
    """Says how long it takes until enough of them are old."""
    by_age = sorted(idle, key=lambda one: one.loaded_at_s)
    freed_bytes = 0
    for resident in by_age:
        freed_bytes += resident.size_bytes
        if freed_bytes >= missing_bytes:
            break
    wait_s = max(0.0, resident.loaded_at_s + policy.minimum_residence_s - now_s)
    names = ", ".join(one.name for one in by_age)
    return Refusal(Why.YOUNG, f"What could make room was loaded only just now: {names}.", wait_s)


def _size(residents: Sequence[Resident]) -> int:
    return sum(resident.size_bytes for resident in residents)


def too_large(needed_bytes: int, pinned_bytes: int, budget_bytes: int) -> str:
    return (
        f"It needs {megabytes(needed_bytes)}; the budget is {megabytes(budget_bytes)}, "
        f"of which {megabytes(pinned_bytes)} are pinned."
    )


def _busy(residents: Sequence[Resident], missing_bytes: int) -> str:
    in_use = [one.name for one in residents if one.leases and not one.pinned]
    pinned = [one.name for one in residents if one.pinned]
    parts = [f"{megabytes(missing_bytes)} are missing"]
    if in_use:
        parts.append(f"in use: {', '.join(in_use)}")
    if pinned:
        parts.append(f"pinned: {', '.join(pinned)}")
    return "; ".join(parts) + "."


def megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:,.0f} MB"
