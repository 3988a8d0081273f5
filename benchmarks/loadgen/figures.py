"""From what was counted to what is said. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

FRAMES_PER_GROWTH = 100_000


class Rate(NamedTuple):
    """Good answers to one process, and the processor time that it used."""

    frames: int
    seconds: float
    cpu_s: float

    @property
    def per_s(self) -> float:
        return self.frames / self.seconds

    @property
    def per_core_s(self) -> float:
        """Frames for each second of a core."""
        return self.frames / self.cpu_s


class Look(NamedTuple):
    """A process at a moment since all users were there; frames since the server began."""

    at_s: float
    frames: int
    connections_opened: int
    pss_mb: float


def rate_of_summary(summary: Mapping[str, Any]) -> Rate:
    """What the load tester says of its one stage."""
    (stage,) = summary["stages"]
    cpu_s = stage["duration_s"] * stage["generator_cpu_percent"] / 100
    return Rate(stage["successful"], stage["duration_s"], cpu_s)


def growth_mb_per_100k(looks: Sequence[Look]) -> float | None:
    """Memory that the samples take; None where too few came to tell."""
    frames = looks[-1].frames - looks[0].frames
    if frames < FRAMES_PER_GROWTH / 10:
        return None
    return (looks[-1].pss_mb - looks[0].pss_mb) * FRAMES_PER_GROWTH / frames
