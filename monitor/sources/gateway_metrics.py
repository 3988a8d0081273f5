"""The gateway's /metrics: its counters between two scrapes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from monitor.sample import GatewayActivity
from monitor.sources.http import url_with_path

# Health, metrics and pages are not what the gateway is there for.
PICTURES = "/v1/"
FIRST_FAILURE = 500

Labels = tuple[str, ...]


def gateway_url(text: str) -> str:
    """The address as given, with /metrics where it names no path.

    Raises:
        BadUrl: see `url_with_path`.
    """
    return url_with_path(text, "/metrics")


@dataclass(frozen=True)
class GatewayCounters:
    """One scrape: counts and seconds since the gateway began.

    Attributes:
        requests: By status.
        stages: Stage → (how many went through it, seconds together); "total" is all of it.
    """

    monotonic_s: float
    requests: Mapping[int, float]
    rejected: Mapping[str, float]
    stages: Mapping[str, tuple[float, float]]
    in_flight_count: int | None


def parse(text: str, monotonic_s: float) -> GatewayCounters:
    """Only lines that are needed are looked at: most of the text is buckets.

    Raises:
        ValueError: not Prometheus text.
    """
    # Imported late: whoever reads recordings needs no parser.
    from prometheus_client.parser import text_string_to_metric_families

    wanted = "\n".join(line for line in text.splitlines() if _is_wanted(line)) + "\n"
    requests: dict[int, float] = {}
    rejected: dict[str, float] = {}
    counts: dict[str, float] = {}
    seconds: dict[str, float] = {}
    in_flight: int | None = None
    for family in text_string_to_metric_families(wanted):
        for sample in family.samples:
            labels, value = sample.labels, sample.value
            if not math.isfinite(value):
                continue
            if sample.name == "framegate_in_flight_requests":
                in_flight = round(value)
            elif sample.name == "framegate_rejected_requests_total":
                rejected[labels["reason"]] = value
            elif sample.name == "framegate_requests_total":
                if labels["route"].startswith(PICTURES):
                    status = int(labels["status"])
                    requests[status] = requests.get(status, 0) + value
            elif sample.name.startswith("framegate_request_duration_seconds"):
                if labels["route"].startswith(PICTURES):
                    to = counts if sample.name.endswith("_count") else seconds
                    to["total"] = to.get("total", 0) + value
            else:
                to = counts if sample.name.endswith("_count") else seconds
                to[labels["stage"]] = value
    if in_flight is None:
        raise ValueError("no metrics of a gateway")
    stages = {name: (count, seconds.get(name, 0.0)) for name, count in counts.items()}
    return GatewayCounters(monotonic_s, requests, rejected, stages, in_flight)


_WANTED = (
    "framegate_requests_total",
    "framegate_rejected_requests_total",
    "framegate_in_flight_requests",
    "framegate_request_duration_seconds_sum",
    "framegate_request_duration_seconds_count",
    "framegate_stage_duration_seconds_sum",
    "framegate_stage_duration_seconds_count",
)


def _is_wanted(line: str) -> bool:
    return line.startswith(_WANTED)


def between(before: GatewayCounters, after: GatewayCounters) -> GatewayActivity:
    """What the gateway did from one scrape to the next; one that began again counts from 0."""
    elapsed_s = after.monotonic_s - before.monotonic_s
    again = sum(after.requests.values()) < sum(before.requests.values())
    earlier = GatewayCounters(before.monotonic_s, {}, {}, {}, None) if again else before

    def added(now: Mapping[int, float], then: Mapping[int, float]) -> dict[int, int]:
        return {key: round(value - then.get(key, 0)) for key, value in now.items()}

    requests = added(after.requests, earlier.requests)
    means = {
        stage: mean_ms
        for stage, now in after.stages.items()
        if (mean_ms := _mean_ms(earlier.stages.get(stage, (0.0, 0.0)), now)) is not None
    }
    return GatewayActivity(
        elapsed_s=elapsed_s,
        request_count=sum(requests.values()),
        failure_count=sum(n for status, n in requests.items() if status >= FIRST_FAILURE),
        rejected_counts={
            reason: count
            for reason, value in after.rejected.items()
            if (count := round(value - earlier.rejected.get(reason, 0))) > 0
        },
        total_ms=means.pop("total", None),
        stage_ms=means,
        in_flight_count=after.in_flight_count,
    )


def _mean_ms(before: tuple[float, float], after: tuple[float, float]) -> float | None:
    count = after[0] - before[0]
    return 1000 * (after[1] - before[1]) / count if count > 0 else None
