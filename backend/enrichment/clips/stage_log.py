"""What models hold while a clip is worked on, in the log: to be switched on for a closer look."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from backend.enrichment.clips.protocol import megabytes

log = logging.getLogger("framegate")

# A line for each would hide everything else.
EVERY_MICRO_BATCHES = 10
_KINDS = {"gpu": "VRAM", "host": "host memory"}


@dataclass(frozen=True)
class Held:
    """Memory of all loaded models at one moment.

    Attributes:
        kind: "gpu" or "host".
        allocated_bytes: what their processes hold; None where it cannot be told.
        reserved_bytes: what they are charged for.
    """

    kind: str
    allocated_bytes: int | None
    reserved_bytes: int


class StageLog:
    """Lines about one piece of work.

    Args:
        read: measures; None for no lines at all.
    """

    def __init__(self, read: Callable[[], Held] | None = None) -> None:
        self._read = read
        self._micro_batches = 0

    def stage(self, name: str) -> None:
        """Log a line, as `[VRAM after detector loaded] allocated 812.0 MB reserved 900.0 MB`."""
        if self._read is None:
            return
        held = self._read()
        allocated = "unknown" if held.allocated_bytes is None else megabytes(held.allocated_bytes)
        log.info(
            "[%s %s] allocated %s reserved %s",
            _KINDS[held.kind],
            name,
            allocated,
            megabytes(held.reserved_bytes),
        )

    def micro_batch(self) -> None:
        """Count one that was answered, and log a line after every tenth."""
        self._micro_batches += 1
        if self._micro_batches % EVERY_MICRO_BATCHES == 0:
            self.stage(f"after {self._micro_batches} micro-batches")
