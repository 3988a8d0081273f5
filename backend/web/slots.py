"""How much one process works on at once."""

from types import TracebackType

from backend.errors import Overloaded


class Slots:
    """So many pieces of work at a time; `with slots:` is one of them.

    Counted among greenlets, none of which is interrupted in here.

    Args:
        full: what a caller is told who comes when none is free.
    """

    def __init__(self, count: int, full: str) -> None:
        self._free = count
        self._full = full

    def check_room(self) -> None:
        """Raise Overloaded where no slot is free."""
        if self._free == 0:
            raise Overloaded(self._full)

    def __enter__(self) -> None:
        self.check_room()
        self._free -= 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._free += 1
