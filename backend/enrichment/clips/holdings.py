"""What is in memory and whose it is. Arithmetic only; its owner sees to threads."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from backend.enrichment.clips.clip import Clip
from backend.enrichment.clips.eviction import Idle, to_evict


@dataclass(frozen=True, eq=False)
class Reservation:
    """Room for one clip that is on its way in."""

    owner: str
    size_bytes: int


@dataclass(eq=False)
class Kept:
    """A clip in memory.

    Attributes:
        results: what models said about it, by what they were asked.
    """

    owner: str
    clip: Clip
    used_s: float
    leases: int = 0
    results: dict[str, bytes] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        return self.clip.size_bytes + sum(map(result_bytes, self.results.items()))


def result_bytes(result: tuple[str, bytes]) -> int:
    """What an answer counts for, with the question."""
    question, answer = result
    return len(question.encode()) + len(answer)


class Holdings:
    """Clips, those deleted while in use, and reservations.

    Sums are taken anew each time, over some hundred clips at most: they cannot go wrong.
    """

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self.kept: dict[str, Kept] = {}
        self.leaving: set[Kept] = set()
        self.reserved: set[Reservation] = set()

    def in_memory(self) -> tuple[Kept, ...]:
        return (*self.kept.values(), *self.leaving)

    def idle(self) -> Iterator[Kept]:
        return (kept for kept in self.kept.values() if not kept.leases)

    @property
    def used_bytes(self) -> int:
        return sum(kept.size_bytes for kept in self.in_memory())

    @property
    def reserved_bytes(self) -> int:
        return sum(reservation.size_bytes for reservation in self.reserved)

    def of(self, owner: str) -> tuple[int, int]:
        """Clips and bytes of one owner, with what is on its way in."""
        everything: tuple[Kept | Reservation, ...] = (*self.in_memory(), *self.reserved)
        sizes_bytes = [each.size_bytes for each in everything if each.owner == owner]
        return len(sizes_bytes), sum(sizes_bytes)

    def drop_unused_since(self, latest_s: float) -> int:
        """How many clips went that nobody has used since."""
        unused = [kept.clip.id for kept in self.idle() if kept.used_s <= latest_s]
        for clip_id in unused:
            del self.kept[clip_id]
        return len(unused)

    def make_room(self, size_bytes: int) -> int | None:
        """How many clips went for so much more; None, and nobody goes, where it is too much."""
        free_bytes = self.budget_bytes - self.used_bytes - self.reserved_bytes
        idle = [Idle(kept.clip.id, kept.size_bytes, kept.used_s) for kept in self.idle()]
        victims = to_evict(idle, size_bytes - free_bytes)
        if victims is None:
            return None
        for clip_id in victims:
            del self.kept[clip_id]
        return len(victims)
