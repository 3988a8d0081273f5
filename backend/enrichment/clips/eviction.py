"""Which clips have to go to make room for another: a pure decision."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Idle:
    """A clip that nobody uses now."""

    id: str
    size_bytes: int
    used_s: float


def to_evict(idle: Iterable[Idle], needed_bytes: int) -> tuple[str, ...] | None:
    """Clips to let go of, the least recently used first; None where even all would not do.

    Args:
        needed_bytes: beyond what is free; 0 or less where nobody has to go.
    """
    victims: list[str] = []
    for clip in sorted(idle, key=lambda clip: clip.used_s):
        if needed_bytes <= 0:
            break
        victims.append(clip.id)
        needed_bytes -= clip.size_bytes
    return None if needed_bytes > 0 else tuple(victims)
