"""The loop: a sample, a line, the wait for the next tick or a signal."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from monitor.observation import Observation
from monitor.output.summary import Summary
from monitor.sample import GpuReading, Sample
from monitor.sources.gateway import FIRST_SCRAPE
from monitor.sources.gpu_device import TOLD_FOR_THE_WHOLE

# Worth a word on stderr. That a first scrape says nothing yet is not.
SAID = {
    "gpu": "GPU",
    "triton": "Triton metrics",
    "batch_sizes": "batch sizes",
    "gateway": "gateway metrics",
}
NOT_SAID = frozenset({FIRST_SCRAPE})
PROCESSES = "processes."


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
        reasons = {
            f"no {name}": reason
            for key, reason in sample.missing.items()
            if (name := _spoken(key)) is not None and reason not in NOT_SAID
        }
        for gpu in sample.gpus:
            if incomplete := _by_reason(gpu):
                part = "" if gpu.mig_index is None else f" part {gpu.mig_index}"
                reasons[f"GPU {gpu.index}{part} incomplete"] = incomplete
        for what, reason in reasons.items():
            if self._said.get(what) != reason:
                self._say(f"{what}: {reason}")
        for what in self._said.keys() - reasons.keys():
            self._say(f"no longer: {what}")
        self._said = reasons


def _spoken(key: str) -> str | None:
    if key.startswith(PROCESSES):
        return f"processes of {key.removeprefix(PROCESSES)}"
    return SAID.get(key)


def _by_reason(gpu: GpuReading) -> str:
    metrics: dict[str, list[str]] = {}
    for metric, reason in gpu.missing.items():
        # What a part of a GPU never tells is no news.
        if reason != TOLD_FOR_THE_WHOLE:
            metrics.setdefault(reason, []).append(metric)
    return "; ".join(f"{reason} ({', '.join(names)})" for reason, names in metrics.items())


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
