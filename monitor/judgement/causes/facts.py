"""The numbers that a diagnosis rests on, over the last few samples together."""

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.counters import Deltas, ModelKey

GATEWAY, TRITON = "gateway", "triton"
HEAT, POWER = "heat", "power"
REJECTED = "REJECTED"
# What leaves less than a tenth of its time free no longer answers at once.
FULL_PERCENT = 90.0
# Instances and workers never share the load quite evenly: one is full before they all are.
FULL_RATIO = 0.85
# Below half of its time it cannot be what keeps an answer waiting.
BUSY_RATIO = 0.5


@dataclass(frozen=True)
class ModelFacts:
    """One model over the window.

    Attributes:
        pending_least: Of the samples in which it is known.
        pending_middle: The median: a single burst does not move it.
        busy_ratio: Of its instances' time; None where nobody said how many there are.
    """

    key: ModelKey
    deltas: Deltas
    elapsed_s: float
    pending_least: int | None = None
    pending_middle: int | None = None
    busy_ratio: float | None = None

    @property
    def finished_count(self) -> int | None:
        """Well or badly."""
        if self.deltas.request_count is None:
            return None
        return self.deltas.request_count + (self.deltas.failure_count or 0)

    @property
    def failed_count(self) -> int:
        """Failed for another reason than that there was no room or no time in the queue."""
        return (self.deltas.failure_count or 0) - self.rejected_count

    @property
    def rejected_count(self) -> int:
        return (self.deltas.failure_counts or {}).get(REJECTED, 0)

    @property
    def input_ms(self) -> float | None:
        return self._per_computed_ms(self.deltas.compute_input_us)

    @property
    def compute_ms(self) -> float | None:
        """Input, inference and output."""
        deltas = self.deltas
        parts = (deltas.compute_input_us, deltas.compute_infer_us, deltas.compute_output_us)
        known = [part for part in parts if part is not None]
        return self._per_computed_ms(sum(known)) if known else None

    @property
    def request_ms(self) -> float | None:
        request_us, count = self.deltas.request_us, self.deltas.request_count
        return None if request_us is None or not count else request_us / count / 1000

    @property
    def requests_per_batch(self) -> float | None:
        executions, count = self.deltas.execution_count, computed_count(self.deltas)
        return count / executions if executions and count else None

    @property
    def in_flight(self) -> float | None:
        """On average."""
        return self.deltas.in_flight(self.elapsed_s)

    def _per_computed_ms(self, total_us: int | None) -> float | None:
        count = computed_count(self.deltas)
        return None if total_us is None or not count else total_us / count / 1000


@dataclass(frozen=True)
class GatewayFacts:
    """The gateway over the window; times are means.

    Attributes:
        refused_count: Turned away because what is behind it does not keep up.
    """

    elapsed_s: float
    request_count: int | None = None
    failure_count: int | None = None
    refused_count: int = 0
    total_ms: float | None = None
    preprocessing_ms: float | None = None
    triton_ms: float | None = None
    in_flight_least: int | None = None


@dataclass(frozen=True)
class Facts:
    """CPU is in percent of one core, by role.

    Attributes:
        interval_count: Samples whose counters span an interval.
        gpu_percent: The mean of the busiest GPU.
        slowed_by: What slowed a GPU down in at least half of the samples: NVML's name of it, and
            whether it is heat or power.
        missing: Why the newest sample lacks what it lacks.
    """

    interval_count: int
    elapsed_s: float
    models: tuple[ModelFacts, ...]
    gpu_percent: float | None
    slowed_by: tuple[tuple[str, str], ...]
    gateway: GatewayFacts | None
    workers: int | None
    cpu_percents: Mapping[str, float]
    host_cpu_percent: float | None
    missing: Mapping[str, str]

    @property
    def host_full(self) -> bool:
        return self.host_cpu_percent is not None and self.host_cpu_percent >= FULL_PERCENT

    @property
    def gateway_cpu_ratio(self) -> float | None:
        """Of the most it could use: a worker is one process with one thread that computes."""
        percent = self.cpu_percents.get(GATEWAY)
        return None if percent is None or not self.workers else percent / 100 / self.workers

    @property
    def lane_wait_ms(self) -> float | None:
        """What the gateway waits for Triton beyond the time inside it: for a free connection."""
        inside = [ms for model in self.models if (ms := model.request_ms) is not None]
        if self.gateway is None or self.gateway.triton_ms is None or not inside:
            return None
        return max(0.0, self.gateway.triton_ms - max(inside))

    @property
    def gateway_own_ms(self) -> float | None:
        """Mean time in the gateway beside its stages."""
        if self.gateway is None or self.gateway.total_ms is None:
            return None
        stages_ms = (self.gateway.preprocessing_ms or 0.0) + (self.gateway.triton_ms or 0.0)
        return max(0.0, self.gateway.total_ms - stages_ms)

    @property
    def preprocessing_cpu_percent(self) -> float | None:
        """What decoding and resizing need at most, of one core."""
        gateway = self.gateway
        if gateway is None or gateway.preprocessing_ms is None or gateway.elapsed_s <= 0:
            return None
        per_s = (gateway.request_count or 0) / gateway.elapsed_s
        return per_s * gateway.preprocessing_ms / 10


def computed_count(deltas: Deltas) -> int:
    """Successful requests that were not answered from Triton's cache."""
    return max(0, (deltas.request_count or 0) - (deltas.cache_hit_count or 0))
