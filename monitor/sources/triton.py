"""Triton as a source: its metrics, and where its HTTP address is known its statistics."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from monitor.counters import ModelActivity, ModelKey, Snapshot, between
from monitor.sample import FIRST_SCRAPE, InstanceActivity
from monitor.sources import triton_metrics, triton_statistics
from monitor.sources.http import Fetch, ScrapeError
from monitor.sources.triton_models import Configurations, ModelConfiguration
from monitor.sources.triton_statistics import Statistics

# Of the time for several scrapes, what the first may take.
FIRST_SHARE = 0.8


@dataclass(frozen=True)
class TritonReading:
    """The fields are those of a Sample."""

    models: tuple[ModelActivity, ...] | None = None
    elapsed_s: float | None = None
    batch_sizes: Mapping[int, int] | None = None
    instances: tuple[InstanceActivity, ...] | None = None
    missing: Mapping[str, str] = field(default_factory=dict)


class TritonSource:
    """Remembers the last scrape, so that each reading speaks of the time since the one before.

    Args:
        url: Its metrics.
        statistics_url: None where nobody asks for batch sizes and instances.
    """

    def __init__(
        self,
        url: str,
        statistics_url: str | None,
        fetch: Fetch,
        monotonic: Callable[[], float] = time.monotonic,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._stopwatch = stopwatch
        self._monotonic = monotonic
        self._statistics_url = statistics_url
        self._fetch = fetch
        self._last: Snapshot | None = None
        self._last_statistics: tuple[float, Statistics] | None = None
        self._configurations: Configurations | None = None
        if statistics_url is not None:
            parts = urlsplit(statistics_url)
            self._configurations = Configurations(f"{parts.scheme}://{parts.netloc}", fetch)

    def read(self, timeout_s: float) -> TritonReading:
        """Ask; the scrapes share the time-out, and none needs the other."""
        if self._statistics_url is None or self._configurations is None:
            return self._metrics(timeout_s)
        began_s = self._stopwatch()

        def left_s() -> float:
            return max(timeout_s - (self._stopwatch() - began_s), (1 - FIRST_SHARE) * timeout_s)

        reading = self._metrics(FIRST_SHARE * timeout_s)
        try:
            statistics = self._fetch_statistics(self._statistics_url, left_s())
        except ScrapeError as error:
            return replace(reading, missing={**reading.missing, "batch_sizes": str(error)})
        now_s = self._monotonic()
        before, self._last_statistics = self._last_statistics, (now_s, statistics)
        known = self._configurations.of(statistics, left_s())
        reading = _with_steps(reading, known)
        if before is None:
            return reading
        before_s, earlier = before
        added = triton_statistics.between(earlier, statistics)
        return replace(
            reading,
            batch_sizes=triton_statistics.batch_sizes(added),
            instances=_instances(added, known, now_s - before_s),
        )

    def _metrics(self, timeout_s: float) -> TritonReading:
        try:
            text = self._fetch(self._url, timeout_s)
            after = triton_metrics.parse(text, self._monotonic())
        except ScrapeError as error:
            return TritonReading(missing={"triton": str(error)})
        except ValueError:
            reason = f"{self._url} answered something that is no metrics text"
            return TritonReading(missing={"triton": reason})
        before, self._last = self._last, after
        models = between(before, after)
        if before is None:
            return TritonReading(models, missing={"counters": FIRST_SCRAPE})
        missing = {} if models else {"counters": "Triton reports no model"}
        return TritonReading(models, after.monotonic_s - before.monotonic_s, missing=missing)

    def _fetch_statistics(self, url: str, timeout_s: float) -> Statistics:
        text = self._fetch(url, timeout_s)
        try:
            return triton_statistics.parse(text)
        except ValueError as error:
            raise ScrapeError(f"{url} answered something that is no statistics") from error


def _instances(
    added: Statistics, known: Mapping[ModelKey, ModelConfiguration], elapsed_s: float
) -> tuple[InstanceActivity, ...]:
    """Of all models but ensembles, which have none."""
    return tuple(
        InstanceActivity(
            key,
            did.busy_us,
            elapsed_s,
            known[key].instance_count if key in known else None,
        )
        for key, did in sorted(added.items())
        if key not in known or not known[key].steps
    )


def _with_steps(
    reading: TritonReading, known: Mapping[ModelKey, ModelConfiguration]
) -> TritonReading:
    if reading.models is None:
        return reading
    marked = (
        replace(model, steps=known[model.key].steps) if model.key in known else model
        for model in reading.models
    )
    return replace(reading, models=tuple(marked))
