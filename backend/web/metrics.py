"""What the backend counts, for Prometheus; right under several workers.

gunicorn's configuration names a folder in PROMETHEUS_MULTIPROC_DIR before this module is imported;
each worker then counts into files there, and any worker can answer for all of them.
"""

import os
import platform
import time
from collections.abc import Iterator
from functools import cache
from typing import Literal

from flask import Blueprint, Flask, Response, g
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    Counter,
    Gauge,
    Histogram,
    Metric,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from backend import __version__
from backend.web.access import needs
from backend.web.api_keys import Scope
from backend.web.current import current_notes, current_request, route_and_method

# From a cached answer to a time-out.
_BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

# Too many requests, not available, not in time: another moment would do.
_REJECTIONS = {429, 503, 504}

_requests = Counter("framegate_requests_total", "Requests answered.", ("route", "method", "status"))
_duration = Histogram(
    "framegate_request_duration_seconds", "Time in the gateway.", ("route",), buckets=_BUCKETS_S
)
_stages = Histogram(
    "framegate_stage_duration_seconds",
    "Time in one stage: decode, detect, preprocess, triton.",
    ("stage",),
    buckets=_BUCKETS_S,
)
_in_flight = Gauge(
    "framegate_in_flight_requests", "Requests being answered.", multiprocess_mode="livesum"
)
_problems = Counter("framegate_problems_total", "Requests answered with a problem.", ("code",))
_rejected = Counter(
    "framegate_rejected_requests_total",
    "Requests refused for want of room, rate or time, by the code of their problem.",
    ("reason",),
)
_cache = {
    outcome: Counter(f"framegate_cache_{outcome}_total", help_text)
    for outcome, help_text in {
        "hits": "Pictures answered from the cache.",
        "misses": "Pictures that were scored because the cache did not have them.",
        "errors": "Cached answers that were broken, and failures of Redis.",
    }.items()
}
_build = Gauge(
    "framegate_build_info",
    "What is running; always 1.",
    ("version", "python"),
    multiprocess_mode="livemax",
)
_MODEL_INFO = "framegate_model_info"
_model_info = Gauge(
    _MODEL_INFO,
    "The model that answered last; always 1.",
    ("model", "version", "variant"),
    multiprocess_mode="livemax",
)

# To look a child up by its labels takes longer than to count in it.
_request_count = cache(_requests.labels)
_request_duration = cache(_duration.labels)
_stage_duration = cache(_stages.labels)
_problem_count = cache(_problems.labels)
_model_gauge = cache(_model_info.labels)
_answering: dict[str, Gauge] = {}


def register(app: Flask, *collectors: Collector) -> None:
    """Count every request of `app` and serve /metrics.

    Args:
        collectors: of what /metrics has beside that.
    """
    _build.labels(__version__, platform.python_version()).set(1)

    @app.before_request
    def start() -> None:
        g.started_s = time.perf_counter()
        _in_flight.inc()

    @app.after_request
    def count(response: Response) -> Response:
        route, method = route_and_method(current_request())
        _request_count(route, method, response.status_code).inc()
        _request_duration(route).observe(time.perf_counter() - current_notes().started_s)
        return response

    @app.teardown_request
    def finish(error: BaseException | None) -> None:
        _in_flight.dec()

    app.register_blueprint(_blueprint(collectors))


def _blueprint(collectors: tuple[Collector, ...]) -> Blueprint:
    blueprint = Blueprint("metrics", __name__)

    @blueprint.get("/metrics")
    @needs(Scope.METRICS)
    def metrics() -> Response:
        collector: Collector = REGISTRY
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            collector = MultiProcessCollector(None)  # type: ignore[no-untyped-call]
        exposed = generate_latest(_Together(_WithoutModelsOfThePast(collector), *collectors))
        return Response(exposed, content_type=CONTENT_TYPE_LATEST)

    return blueprint


class _Together(Collector):
    def __init__(self, *collectors: Collector) -> None:
        self._collectors = collectors

    def collect(self) -> Iterator[Metric]:
        for collector in self._collectors:
            yield from collector.collect()


class _WithoutModelsOfThePast(Collector):
    """Several processes can only set a series to 0, not remove it."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def collect(self) -> Iterator[Metric]:
        for metric in self._collector.collect():
            if metric.name == _MODEL_INFO:
                metric.samples = [sample for sample in metric.samples if sample.value]
            yield metric


def observe_stage(stage: str, duration_s: float) -> None:
    _stage_duration(stage).observe(duration_s)


def count_problem(code: str, status: int) -> None:
    _problem_count(code).inc()
    if status in _REJECTIONS:
        _rejected.labels(code).inc()


def count_cache(outcome: Literal["hits", "misses", "errors"]) -> None:
    _cache[outcome].inc()


def show_model(name: str, version: str, variant: str) -> None:
    """Note which model answers in this process now; the one it replaces is shown no more."""
    gauge = _model_gauge(name, version, variant)
    before = _answering.get(name)
    if gauge is not before:
        if before is not None:
            before.set(0)
        gauge.set(1)
        _answering[name] = gauge
