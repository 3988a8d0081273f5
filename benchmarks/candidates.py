"""What is measured side by side, behind one face."""

import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks import perf_analyzer
from benchmarks.figures import Window, by_role, costs_of, window
from benchmarks.load import Judge, closed_loop
from benchmarks.processes import Processes
from benchmarks.triton import Triton
from benchmarks.usage import CpuMeter, Used


class Candidate(Protocol):
    """Something that can be put under load.

    Attributes:
        name: as `--only` takes it.
        title: as tables show it.
    """

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    def measure(self, connections: int, seconds: float) -> Window:
        """Load it once; NotRun where that cannot be done."""
        ...


@dataclass(frozen=True)
class HttpCandidate:
    """A server that takes pictures over HTTP.

    Attributes:
        requests: one per picture, ready to be sent.
        roots: role → the process from which its processes descend.
    """

    name: str
    title: str
    port: int
    requests: Sequence[bytes]
    judge: Judge
    roots: Mapping[str, int]

    def measure(self, connections: int, seconds: float) -> Window:
        meter = CpuMeter(self.roots)
        load = closed_loop(
            self.port, self.requests, self.judge, connections=connections, seconds=seconds
        )
        return window(load, meter.used())


@dataclass(frozen=True)
class TritonAlone:
    """Triton under perf_analyzer, which does not look at the answers."""

    name: str
    title: str
    processes: Processes
    triton: Triton
    model: str
    pictures: Path
    shared_memory: bool

    def measure(self, connections: int, seconds: float) -> Window:
        program = perf_analyzer.install()
        before, generator_before_s = self.triton.inferences(self.model), _ended_children_s()
        meter = CpuMeter({"triton": self.triton.child.pid})
        figures = perf_analyzer.measure(
            self.processes,
            program,
            self.triton,
            self.model,
            pictures=self.pictures,
            connections=connections,
            seconds=seconds,
            shared_memory=self.shared_memory,
        )
        requests = self.triton.inferences(self.model) - before
        generator_s = _ended_children_s() - generator_before_s
        generator = Used("generator", "perf_analyzer", 0, generator_s)
        costs = costs_of([*meter.used(), generator], requests)
        return Window(
            requests_per_s=figures.requests_per_s,
            p50_ms=figures.p50_ms,
            p95_ms=figures.p95_ms,
            p99_ms=figures.p99_ms,
            sent=requests,
            errors=0,
            wrong=None,
            cpu_ms=by_role(costs),
            processes=costs,
        )


def _ended_children_s() -> float:
    """Processor time of children that have ended and were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
