"""The verdict over time: a level changes when several samples in a row say so."""

from collections import deque
from collections.abc import Iterable

from monitor.judgement.verdict import Level, Thresholds, Verdict, judge
from monitor.sample import GatewayActivity, Sample

CHANGES_AFTER = 3
RANKS: dict[Level, int] = {"healthy": 0, "degraded": 1, "overloaded": 2}
# Turned away with a status below 500: what the gateway does not count among its failures.
RATE_LIMITED = "rate_limited"


class VerdictTracker:
    """Holds a level until `changes_after` samples in a row are all worse, or all better.

    It then goes to the level nearest to the old one that they have in common. The first sample
    that can be judged counts at once. One that says nothing is left out, until there were
    `changes_after` of them in a row.
    """

    def __init__(self, thresholds: Thresholds, changes_after: int = CHANGES_AFTER) -> None:
        self._thresholds = thresholds
        self._changes_after = changes_after
        self._latest: deque[Verdict] = deque(maxlen=changes_after)
        self._unknown_count = 0
        self._current: Verdict | None = None

    def update(self, sample: Sample) -> Verdict:
        found = judge_sample(self._thresholds, sample)
        if found.level == "unknown":
            self._unknown_count += 1
            if self._unknown_count >= self._changes_after:
                self._latest.clear()
                self._current = None
            return self._current or found
        self._unknown_count = 0
        self._latest.append(found)
        self._current = self._next(found)
        return self._current

    def _next(self, found: Verdict) -> Verdict:
        current = self._current
        if current is None or found.level == current.level:
            return found
        if len(self._latest) < self._changes_after:
            return current
        ranked = sorted(self._latest, key=lambda verdict: RANKS[verdict.level])
        best, worst = ranked[0], ranked[-1]
        if RANKS[best.level] > RANKS[current.level]:
            return self._newest(best.level)
        if RANKS[worst.level] < RANKS[current.level]:
            return self._newest(worst.level)
        return current

    def _newest(self, level: Level) -> Verdict:
        """Its rule is the one that speaks of the latest numbers."""
        return next(verdict for verdict in reversed(self._latest) if verdict.level == level)


def judge_sample(thresholds: Thresholds, sample: Sample) -> Verdict:
    """One sample by itself. What counts is the GPU that is worst off."""
    gpus = sample.gpus
    gateway = sample.gateway
    return judge(
        thresholds,
        success_percent=success_percent(sample),
        gpu_percent=_most(gpu.utilization_percent for gpu in gpus),
        gpu_memory_ratio=_most(gpu.memory_ratio for gpu in gpus),
        temperature_celsius=_most(gpu.temperature_celsius for gpu in gpus),
        queue_ms=sample.deltas().queue_ms,
        infer_ms=sample.deltas().infer_ms,
        e2e_ms=None if gateway is None else gateway.total_ms,
        e2e_label="mean",
    )


def success_percent(sample: Sample) -> float | None:
    """The lower of Triton's and the gateway's: either may fail what the other never sees."""
    deltas = sample.deltas()
    found = [_percent(deltas.request_count, deltas.failure_count)]
    if sample.gateway is not None:
        found.append(_gateway_percent(sample.gateway))
    return min((percent for percent in found if percent is not None), default=None)


def _percent(good_count: int | None, failed_count: int | None) -> float | None:
    if good_count is None and failed_count is None:
        return None
    good, failed = good_count or 0, failed_count or 0
    return 100 * good / (good + failed) if good + failed else None


def _gateway_percent(gateway: GatewayActivity) -> float | None:
    if gateway.request_count is None:
        return None
    rejected = gateway.rejected_counts
    if gateway.failure_count is None:
        failed = sum(rejected.values())
    else:
        failed = gateway.failure_count + rejected.get(RATE_LIMITED, 0)
    # Counters of several processes are not read at one moment.
    failed = min(failed, gateway.request_count)
    return _percent(gateway.request_count - failed, failed)


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
