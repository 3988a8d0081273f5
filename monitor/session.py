"""The loop: a sample, a line, the wait for the next tick or a signal."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from monitor.observation import Observation
from monitor.output.missing import reasons
from monitor.output.summary import Summary
from monitor.sample import PASSING, Sample


class Source(Protocol):
    def sample(self) -> Sample: ...


class Sink(Protocol):
    def write(self, observation: Observation) -> None: ...


Observe = Callable[[Sample], Observation]


class Stop(Protocol):
    def wait(self, timeout_s: float) -> bool: ...


class Diagnostics:
    """Says each reason once, and again only when it changes or is gone."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said: dict[str, str] = {}

    def note(self, sample: Sample) -> None:
        found = reasons(sample)
        now = {what: reason for what, reason in found.items() if reason not in PASSING}
        for what, reason in now.items():
            if self._said.get(what) != reason:
                self._say(f"{what}: {reason}")
        for what in self._said.keys() - now.keys():
            self._say(f"no longer: {what}")
        self._said = now


def run(
    source: Source,
    observe: Observe,
    sinks: Sequence[Sink],
    stop: Stop,
    *,
    interval_s: float,
    duration_s: float | None,
    diagnostics: Diagnostics,
    monotonic: Callable[[], float] = time.monotonic,
) -> Summary:
    """Sample on a steady beat until stopped; a beat missed is left out, never caught up."""
    summary = Summary()
    start_s = monotonic()
    end_s = None if duration_s is None else start_s + duration_s
    tick = 0
    while True:
        sample = source.sample()
        diagnostics.note(sample)
        observation = observe(sample)
        for sink in sinks:
            sink.write(observation)
        summary.add(observation)
        tick = max(tick + 1, math.ceil((monotonic() - start_s) / interval_s))
        next_s = start_s + tick * interval_s
        if end_s is not None and next_s > end_s:
            stop.wait(end_s - monotonic())
            return summary
        if stop.wait(next_s - monotonic()):
            return summary
