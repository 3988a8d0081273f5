"""What the backend counts, for Prometheus; right under several workers.

gunicorn's configuration names a folder in PROMETHEUS_MULTIPROC_DIR before this module is imported;
each worker then counts into files there, and any worker can answer for all of them.
"""

import os
import time

from flask import Blueprint, Flask, Response, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from backend.web.access import needs
from backend.web.api_keys import Scope

# From a cached answer to a time-out.
_BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

_requests = Counter("framegate_requests_total", "Requests answered.", ("route", "method", "status"))
_duration = Histogram(
    "framegate_request_duration_seconds", "Time in the gateway.", ("route",), buckets=_BUCKETS_S
)
_stages = Histogram(
    "framegate_stage_duration_seconds",
    "Time in one stage: decode, preprocess, triton.",
    ("stage",),
    buckets=_BUCKETS_S,
)
_in_flight = Gauge(
    "framegate_in_flight_requests", "Requests being answered.", multiprocess_mode="livesum"
)
_problems = Counter("framegate_problems_total", "Requests answered with a problem.", ("code",))


def register(app: Flask) -> None:
    """Count every request of `app` and serve /metrics."""

    @app.before_request
    def start() -> None:
        g.started_s = time.perf_counter()
        _in_flight.inc()

    @app.after_request
    def count(response: Response) -> Response:
        # The rule, not the path: a caller must not be able to make up label values.
        route = request.url_rule.rule if request.url_rule else "unknown"
        method = request.method if request.url_rule else "-"
        _requests.labels(route, method, response.status_code).inc()
        _duration.labels(route).observe(time.perf_counter() - g.started_s)
        return response

    @app.teardown_request
    def finish(error: BaseException | None) -> None:
        _in_flight.dec()

    app.register_blueprint(_blueprint())


def _blueprint() -> Blueprint:
    blueprint = Blueprint("metrics", __name__)

    @blueprint.get("/metrics")
    @needs(Scope.METRICS)
    def metrics() -> Response:
        registry = REGISTRY
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return blueprint


def observe_stage(stage: str, duration_s: float) -> None:
    _stages.labels(stage).observe(duration_s)


def count_problem(code: str) -> None:
    _problems.labels(code).inc()
