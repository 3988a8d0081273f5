"""A recording shown again, at its own pace or another."""

import time
from collections.abc import Callable, Sequence
from itertools import pairwise

from monitor.output.recording import Recording
from monitor.output.summary import Summary
from monitor.session import Observe, Sink, Stop

# A night in which nobody recorded is not sat through.
MOST_INTERVALS = 5


def replay(
    recording: Recording,
    sinks: Sequence[Sink],
    stop: Stop,
    *,
    speed: float,
    observe: Observe,
    monotonic: Callable[[], float] = time.monotonic,
) -> Summary:
    """Feed a recording's samples to the sinks until they are over or a signal comes.

    Args:
        speed: As many times as fast as it was; float("inf") does not wait at all.

    Raises:
        ValueError: a speed that is not above 0.
    """
    if not speed > 0:
        raise ValueError(f"a speed must be above 0, not {speed:g}")
    summary = Summary()
    due_s = monotonic()
    for sample, wait_s in zip(recording.samples, _waits_s(recording), strict=True):
        due_s += wait_s / speed
        if stop.wait(due_s - monotonic()):
            break
        observation = observe(sample)
        for sink in sinks:
            sink.write(observation)
        summary.add(observation)
    return summary


def _waits_s(recording: Recording) -> list[float]:
    """Before each sample. The clock of a machine that was started again begins anew."""
    most_s = MOST_INTERVALS * recording.header.interval_s
    gaps_s = (
        after.monotonic_s - before.monotonic_s for before, after in pairwise(recording.samples)
    )
    return [0.0, *(min(max(gap_s, 0.0), most_s) for gap_s in gaps_s)][: len(recording.samples)]
