"""Verdict, diagnosis and growth of each sample: live, in a replay and in a report alike."""

from collections import deque

from monitor.judgement.diagnosis import WINDOW_S, WINDOW_SAMPLES, diagnose
from monitor.judgement.growth import GrowthWatcher
from monitor.judgement.tracking import VerdictTracker
from monitor.judgement.verdict import Thresholds, Verdict
from monitor.observation import Observation
from monitor.sample import Sample

# A stall shows in no limit: where nothing finishes there is nothing to measure.
STALLED = Verdict("overloaded", "requests wait and none finishes")


class Observer:
    """Give it every sample, in order.

    Args:
        window_s: What a diagnosis looks back on; never fewer than WINDOW_SAMPLES samples.
    """

    def __init__(self, thresholds: Thresholds, *, window_s: float = WINDOW_S) -> None:
        self._window_s = window_s
        self._window: deque[Sample] = deque()
        self._verdicts = VerdictTracker(thresholds)
        self._growths = GrowthWatcher()

    def observe(self, sample: Sample) -> Observation:
        window = self._window
        window.append(sample)
        while len(window) > WINDOW_SAMPLES and self._is_past(window[0], sample):
            window.popleft()
        verdict = self._verdicts.update(sample)
        diagnosis = diagnose(window)
        if diagnosis.code == "stalled":
            verdict = STALLED
        return Observation(sample, verdict, diagnosis, self._growths.update(sample))

    def _is_past(self, sample: Sample, newest: Sample) -> bool:
        return newest.monotonic_s - sample.monotonic_s > self._window_s
