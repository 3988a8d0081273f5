"""What is counted of clips and of the work on them, for Prometheus."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from backend.enrichment.clips.clip import StoreStatus
from backend.enrichment.jobs.jobs import Jobs


class ClipMetrics(Collector):
    """Asked by Prometheus; asks the store and the jobs."""

    def __init__(self, status: Callable[[], StoreStatus], jobs: Jobs) -> None:
        self._status = status
        self._jobs = jobs

    def collect(self) -> Iterator[Metric]:
        status = self._status()
        for name, (text, value) in self._gauges(status).items():
            yield GaugeMetricFamily(name, text, value=value)
        for name, (text, count) in _counters(status).items():
            yield CounterMetricFamily(name, text, value=count)
        yield _ended(self._jobs.ended())

    def _gauges(self, status: StoreStatus) -> dict[str, tuple[str, float]]:
        return {
            "enrichment_frame_cache_bytes": (
                "Frames and results of clips in this process's memory.",
                status.used_bytes,
            ),
            "enrichment_frame_cache_reserved_bytes": (
                "Room for clips that are being decoded.",
                status.reserved_bytes,
            ),
            "enrichment_frame_cache_budget_bytes": ("The budget.", status.budget_bytes),
            "enrichment_clips": ("Clips that are kept.", status.clips),
            "enrichment_clips_in_use": ("Clips that somebody uses.", status.in_use),
            "enrichment_clip_jobs_unfinished": (
                "Jobs that wait or are worked on.",
                self._jobs.unfinished,
            ),
        }


def _counters(status: StoreStatus) -> dict[str, tuple[str, int]]:
    return {
        "enrichment_clips_evicted": ("Clips that made room for others.", status.evicted_count),
        "enrichment_clips_expired": ("Clips that nobody used for long.", status.expired_count),
    }


def _ended(counts: Mapping[tuple[str, str], int]) -> Metric:
    family = CounterMetricFamily(
        "enrichment_clip_jobs", "Jobs that are over.", labels=("kind", "state")
    )
    for labels, count in counts.items():
        family.add_metric(labels, count)
    return family
