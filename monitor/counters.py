"""Triton's counters between two scrapes. Pure: snapshots in, differences out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

# Metric family → the field of Deltas it feeds.
COUNTER_FIELDS = {
    "nv_inference_request_success": "request_count",
    "nv_inference_count": "inference_count",
    "nv_inference_exec_count": "execution_count",
    "nv_cache_num_hits_per_model": "cache_hit_count",
    "nv_inference_request_duration_us": "request_us",
    "nv_inference_queue_duration_us": "queue_us",
    "nv_inference_compute_input_duration_us": "compute_input_us",
    "nv_inference_compute_infer_duration_us": "compute_infer_us",
    "nv_inference_compute_output_duration_us": "compute_output_us",
}
FAILURES = "nv_inference_request_failure"
PENDING = "nv_inference_pending_request_count"


class ModelKey(NamedTuple):
    model: str
    version: str


class CounterKey(NamedTuple):
    family: str
    reason: str | None = None


@dataclass(frozen=True)
class ModelCounters:
    """One model's readings of one scrape, summed over the GPUs it runs on."""

    counters: Mapping[CounterKey, int]
    pending_count: int | None = None


@dataclass(frozen=True)
class Snapshot:
    monotonic_s: float
    models: Mapping[ModelKey, ModelCounters]


@dataclass(frozen=True)
class Deltas:
    """What one model, or several together, did in an interval; None where Triton does not say."""

    request_count: int | None = None
    failure_counts: Mapping[str, int] | None = None
    inference_count: int | None = None
    execution_count: int | None = None
    cache_hit_count: int | None = None
    request_us: int | None = None
    queue_us: int | None = None
    compute_input_us: int | None = None
    compute_infer_us: int | None = None
    compute_output_us: int | None = None
    reset: bool = False

    @property
    def failure_count(self) -> int | None:
        return None if self.failure_counts is None else sum(self.failure_counts.values())

    @property
    def queue_ms(self) -> float | None:
        """Mean wait of a successful request; failed ones add no queue time."""
        return _mean_ms(self.queue_us, self.request_count)

    @property
    def infer_ms(self) -> float | None:
        """Mean inference of a successful request that was computed, not answered from the cache.

        Each request of a batch is charged the batch's whole time, so requests are what to
        divide by, never inferences or executions.
        """
        if self.request_count is None:
            return None
        return _mean_ms(self.compute_infer_us, self.request_count - (self.cache_hit_count or 0))

    @property
    def batch_size(self) -> float | None:
        if self.inference_count is None or not self.execution_count:
            return None
        return self.inference_count / self.execution_count

    def in_flight(self, elapsed_s: float | None) -> float | None:
        """Requests inside on average, by Little's law."""
        if self.request_us is None or not elapsed_s:
            return None
        return self.request_us / 1e6 / elapsed_s


def _mean_ms(total_us: int | None, count: int | None) -> float | None:
    if total_us is None or count is None or count <= 0:
        return None
    return total_us / count / 1000


def per_s(count: float | None, elapsed_s: float | None) -> float | None:
    return None if count is None or not elapsed_s else count / elapsed_s


@dataclass(frozen=True)
class ModelActivity:
    """`deltas` is None on the first scrape, which is only a baseline.

    A request turned away at a full queue is in no counter, not even among the failures (measured
    on Triton 2.51): a pending_count that stands at the queue's size is all there is to see of it.

    Attributes:
        steps: The models an ensemble is made of; its time is theirs. Empty for any other model.
    """

    key: ModelKey
    pending_count: int | None = None
    deltas: Deltas | None = None
    steps: tuple[str, ...] = ()


def between(before: Snapshot | None, after: Snapshot) -> tuple[ModelActivity, ...]:
    """What each model of the later scrape did since the earlier one."""
    return tuple(
        ModelActivity(
            key,
            now.pending_count,
            None if before is None else _deltas(before.models.get(key), now),
        )
        for key, now in sorted(after.models.items())
    )


def _deltas(before: ModelCounters | None, after: ModelCounters) -> Deltas:
    earlier = {} if before is None else before.counters
    # A model's counters start again together. One of them may have passed its old value already,
    # so a single drop makes all of them new.
    reset = any(value < earlier.get(key, 0) for key, value in after.counters.items())
    base: Mapping[CounterKey, int] = {} if reset else earlier
    values: dict[str, int] = {}
    failures: dict[str, int] | None = None
    for key, value in after.counters.items():
        delta = value - base.get(key, 0)
        if key.family == FAILURES:
            failures = failures or {}
            failures[key.reason or ""] = delta
        else:
            values[COUNTER_FIELDS[key.family]] = delta
    return Deltas(failure_counts=failures, reset=reset, **values)


def total(parts: Iterable[Deltas]) -> Deltas:
    """Several intervals or models as one; a field is None only where no part knows it."""
    sums: dict[str, int] = {}
    failures: dict[str, int] | None = None
    reset = False
    for part in parts:
        reset = reset or part.reset
        if part.failure_counts is not None:
            failures = failures or {}
            for reason, count in part.failure_counts.items():
                failures[reason] = failures.get(reason, 0) + count
        for name in COUNTER_FIELDS.values():
            value = getattr(part, name)
            if value is not None:
                sums[name] = sums.get(name, 0) + value
    return Deltas(failure_counts=failures, reset=reset, **sums)
