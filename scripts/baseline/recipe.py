"""What a training depends on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """Everything that a training depends on besides this code and the versions of its packages."""

    seed: int = 1
    faces: int = 160
    groups: int = 1600
    steps: int = 1200
    groups_per_step: int = 12
    learning_rate: float = 3e-3
    shuffled: bool = False
