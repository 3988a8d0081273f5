"""What each part of the run hands back."""

from dataclasses import dataclass
from typing import Any

from benchmarks.figures import Target


@dataclass(frozen=True)
class Part:
    """Attributes:
    text: for the terminal, beside the targets.
    figures: for the report.
    """

    text: str
    targets: list[Target]
    figures: dict[str, Any]
