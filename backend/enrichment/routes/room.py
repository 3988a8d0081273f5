"""How much threads work on at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from backend.errors import Overloaded


class Room:
    """So many pieces of work at a time, from any thread.

    Args:
        full: what a caller is told who comes when there is no room.
    """

    def __init__(self, count: int, full: str) -> None:
        self._free = BoundedSemaphore(count)
        self._full = full

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Room for one piece within the block; Overloaded where there is none."""
        if not self._free.acquire(blocking=False):
            raise Overloaded(self._full)
        try:
            yield
        finally:
            self._free.release()
