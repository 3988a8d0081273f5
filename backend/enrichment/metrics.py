"""What the zoo counts, for Prometheus."""

from collections.abc import Callable, Iterator
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from backend.enrichment.zoo.control import Observer
from backend.enrichment.zoo.states import ZooModel
from backend.enrichment.zoo.status import Status

_LOAD_BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_AGE_BUCKETS_S = (2.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0)
# A load that takes this many times the measured one is worth a look.
_SLOW_RATIO = 2.0


class ZooMetrics(Observer, Collector):
    """Told by the zoo what happens, asked by Prometheus."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._leases = cache(
            self._counter(
                "enrichment_model_leases_total",
                "Leases by whether the model was resident: hit or miss.",
                "model_name",
                "outcome",
            ).labels
        )
        self._evictions = cache(
            self._counter(
                "enrichment_model_evictions_total",
                "Models that went because others needed the room.",
                "model_name",
                "priority",
            ).labels
        )
        self._slow = cache(
            self._counter(
                "enrichment_slow_loads_total",
                "Loads of more than twice the measured time.",
                "model_name",
            ).labels
        )
        self._outgrown = cache(
            self._counter(
                "enrichment_outgrown_models_total",
                "Models unloaded for holding half as much again as they were measured to.",
                "model_name",
            ).labels
        )
        self._load_s = cache(
            self._histogram(
                "enrichment_model_load_time_seconds", "Loads.", _LOAD_BUCKETS_S, "model_name"
            ).labels
        )
        self._wait_s = self._histogram(
            "enrichment_load_wait_seconds",
            "Waits of callers whose model was not resident.",
            _LOAD_BUCKETS_S,
        )
        self._age_s = self._histogram(
            "enrichment_eviction_age_seconds",
            "How long evicted models had been loaded.",
            _AGE_BUCKETS_S,
        )
        self.status: Callable[[], Status] | None = None

    def leased(self, model: ZooModel, waited_s: float | None) -> None:
        self._leases(model.name, "hit" if waited_s is None else "miss").inc()
        if waited_s is not None:
            self._wait_s.observe(waited_s)

    def loaded(self, model: ZooModel, load_s: float, expected_s: float | None) -> None:
        self._load_s(model.name).observe(load_s)
        if expected_s is not None and load_s > _SLOW_RATIO * expected_s:
            self._slow(model.name).inc()

    def evicted(self, model: ZooModel, age_s: float) -> None:
        self._evictions(model.name, model.priority.name).inc()
        self._age_s.observe(age_s)

    def outgrew(self, model: ZooModel, memory_bytes: int) -> None:
        self._outgrown(model.name).inc()

    def collect(self) -> Iterator[Metric]:
        yield from self._registry.collect()
        if self.status is not None:
            for name, (text, value) in _gauges(self.status()).items():
                yield GaugeMetricFamily(name, text, value=value)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self._registry)

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self._registry)


def _gauges(status: Status) -> dict[str, tuple[str, float]]:
    return {
        "enrichment_vram_usage_bytes": ("Charged to the budget.", status.used_bytes),
        "enrichment_vram_budget_bytes": ("The budget.", status.budget_bytes),
        "enrichment_vram_utilization_percent": (
            "Charged, of the budget.",
            status.utilization_ratio * 100,
        ),
        "enrichment_vram_quarantined_bytes": (
            "Memory of unloaded models that did not come back.",
            status.quarantined_bytes,
        ),
        "enrichment_models_loaded": (
            "Models that are resident.",
            sum(model.resident for model in status.models),
        ),
        "enrichment_leases": (
            "Leases at this moment.",
            sum(model.leases for model in status.models),
        ),
        "enrichment_pending_loads": ("Models that wait for room.", len(status.pending)),
        "enrichment_triton_up": (
            "Whether Triton answered when it was last asked.",
            status.lost_because is None,
        ),
        "enrichment_restart_advised": (
            "Whether so much memory did not come back that only a new Triton frees it.",
            status.restart_advised,
        ),
    }
