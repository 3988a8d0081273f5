"""Which GPUs were asked for, by index or UUID. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class Unselected(Exception):
    """A selection that fits no GPU, or not just one. The text is for whoever asked."""


@dataclass(frozen=True)
class Candidate:
    """A GPU, or with a mig_index a part of one."""

    index: int
    uuid: str | None = None
    mig_index: int | None = None

    @property
    def key(self) -> str | int:
        """The UUID, for an index may change hands."""
        return self.index if self.uuid is None else self.uuid

    def __str__(self) -> str:
        part = "" if self.mig_index is None else f" part {self.mig_index}"
        return f"{self.index}{part} ({self.uuid or 'UUID not known'})"


def select(only: Iterable[str], candidates: Sequence[Candidate]) -> frozenset[str | int]:
    """The keys of those asked for.

    Args:
        only: NVML's index each, or a UUID or its beginning, in any case of letters.

    Raises:
        Unselected: one of them fits no GPU or several.
    """
    return frozenset(found.key for wanted in only for found in _fitting(wanted, candidates))


def _fitting(wanted: str, candidates: Sequence[Candidate]) -> list[Candidate]:
    if wanted.isdigit():
        found = [c for c in candidates if c.mig_index is None and str(c.index) == wanted]
    else:
        found = _by_uuid(wanted.casefold(), candidates)
    if len(found) > 1:
        raise Unselected(f"{wanted} fits several GPUs, {_listed(found)}: give more of the UUID")
    # One whose UUID is not known yet may be the one that was meant.
    if not found and (wanted.isdigit() or all(c.uuid is not None for c in candidates)):
        raise Unselected(f"no GPU is called {wanted!r}; there are: {_listed(candidates)}")
    return found


def _by_uuid(wanted: str, candidates: Sequence[Candidate]) -> list[Candidate]:
    uuids = [(c.uuid.casefold(), c) for c in candidates if c.uuid is not None]
    whole = [c for uuid, c in uuids if uuid == wanted]
    return whole or [c for uuid, c in uuids if wanted and uuid.startswith(wanted)]


def _listed(candidates: Iterable[Candidate]) -> str:
    return ", ".join(map(str, candidates)) or "none"
