"""Triton as a source: its metrics, and where its HTTP address is known its statistics."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from monitor.counters import ModelActivity, ModelKey, Snapshot, between
from monitor.sample import FIRST_SCRAPE, InstanceActivity
from monitor.sources import triton_metrics, triton_statistics
from monitor.sources.http import Fetch, ScrapeError
from monitor.sources.triton_models import Configurations, ModelConfiguration
from monitor.sources.triton_statistics import Statistics


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
    ) -> None:
        self._url = url
        self._monotonic = monotonic
        self._statistics_url = statistics_url
        self._fetch = fetch
        self._last: Snapshot | None = None
        self._last_statistics: tuple[float, Statistics] | None = None
        self._configurations: Configurations | None = None
        if statistics_url is not None:
            parts = urlsplit(statistics_url)
            self._configurations = Configurations(f"{parts.scheme}://{parts.netloc}", fetch)

    @property
    def scrapes(self) -> int:
        """How many there are in a reading, when nothing is new."""
        return 1 if self._statistics_url is None else 2

    def read(self, timeout_s: float) -> TritonReading:
        """Ask; each scrape has the time-out for itself."""
        try:
            text = self._fetch(self._url, timeout_s)
            after = triton_metrics.parse(text, self._monotonic())
        except ScrapeError as error:
            return TritonReading(missing={"triton": str(error)})
        except ValueError:
            reason = f"{self._url} answered something that is no metrics text"
            return TritonReading(missing={"triton": reason})
        before, self._last = self._last, after
        reading = TritonReading(between(before, after))
        if before is None:
            reading = replace(reading, missing={"counters": FIRST_SCRAPE})
        else:
            missing = {} if reading.models else {"counters": "Triton reports no model"}
            elapsed_s = after.monotonic_s - before.monotonic_s
            reading = replace(reading, elapsed_s=elapsed_s, missing=missing)
        if self._configurations is None:
            return reading
        known = self._configurations.of(after.models, timeout_s)
        return self._with_statistics(_with_steps(reading, known), known, timeout_s)

    def _with_statistics(
        self,
        reading: TritonReading,
        known: Mapping[ModelKey, ModelConfiguration],
        timeout_s: float,
    ) -> TritonReading:
        url, before = self._statistics_url, self._last_statistics
        assert url is not None
        try:
            after = triton_statistics.parse(self._fetch(url, timeout_s))
        except ScrapeError as error:
            return replace(reading, missing={**reading.missing, "batch_sizes": str(error)})
        except ValueError:
            reason = f"{url} answered something that is no statistics"
            return replace(reading, missing={**reading.missing, "batch_sizes": reason})
        now_s = self._monotonic()
        self._last_statistics = now_s, after
        if before is None:
            return reading
        before_s, earlier = before
        added = triton_statistics.between(earlier, after)
        instances = [
            InstanceActivity(
                key,
                did.busy_us,
                now_s - before_s,
                known[key].instance_count if key in known else None,
            )
            for key, did in sorted(added.items())
            if key not in known or not known[key].steps
        ]
        return replace(
            reading,
            batch_sizes=triton_statistics.batch_sizes(added),
            instances=tuple(instances),
        )


def _with_steps(
    reading: TritonReading, known: Mapping[ModelKey, ModelConfiguration]
) -> TritonReading:
    models: Sequence[ModelActivity] = reading.models or ()
    marked = (
        replace(model, steps=known[model.key].steps) if model.key in known else model
        for model in models
    )
    return replace(reading, models=tuple(marked))
