"""Looks at processes at given times while a load runs, from a thread of its own."""

import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from benchmarks.usage import CpuMeter, Used, pss_bytes


@dataclass(frozen=True)
class Look:
    """Memory of the first tree and processor time of all, at one time."""

    at_s: float
    memory_bytes: int
    used: list[Used]


class Watch:
    """Within, a look at each of the times, in seconds from the beginning of the block.

    Args:
        roots: role → the process from which its processes descend; memory is the first one's.
    """

    def __init__(self, roots: Mapping[str, int], times_s: Sequence[float]) -> None:
        self.looks: list[Look] = []
        self._meter = CpuMeter(roots)
        self._root = next(iter(roots.values()))
        self._times_s = times_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch")

    def __enter__(self) -> Self:
        self._started_s = time.perf_counter()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        for when_s in self._times_s:
            if self._over.wait(max(0.0, self._started_s + when_s - time.perf_counter())):
                return
            own = Used("generator", "python", os.getpid(), time.process_time())
            at_s = time.perf_counter() - self._started_s
            used = [*self._meter.used(), own]
            self.looks.append(Look(at_s, pss_bytes(self._root), used))


def core_shares(first: Look, last: Look) -> list[Used]:
    """Of each process, seconds of processor time per second between two looks."""
    before = {used.pid: used.seconds for used in first.used}
    elapsed_s = last.at_s - first.at_s
    return [
        used._replace(seconds=(used.seconds - before.get(used.pid, 0.0)) / elapsed_s)
        for used in last.used
    ]
