"""One trace of a request over all processes; where nobody collects traces, nothing at all."""

import logging
import os
from contextvars import ContextVar
from typing import TYPE_CHECKING

from flask import Flask, Response

from backend.web.current import current_request, route_and_method

if TYPE_CHECKING:
    from backend.web.spans import RequestSpan

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
# Pages, probes and scrapes are not what anybody looks for in traces.
TRACED = "/v1/"

log = logging.getLogger("framegate")

# Of the request that this greenlet or thread answers. To look here costs far less than in flask.g.
_current: "ContextVar[RequestSpan | None]" = ContextVar("span", default=None)


def register(app: Flask, service: str) -> None:
    """Trace the requests of `app`, if OTEL_EXPORTER_OTLP_ENDPOINT names a collector."""
    if not os.environ.get(ENDPOINT):
        return
    try:
        from backend.web.spans import Spans
    except ImportError as error:
        log.warning("No traces: %s (%s is set; see requirements/tracing.in)", error, ENDPOINT)
        return
    spans = Spans(service)

    @app.before_request
    def begin() -> None:
        request = current_request()
        if request.path.startswith(TRACED):
            route, method = route_and_method(request)
            caller = request.headers.get("traceparent", "")
            _current.set(spans.begin(f"{method} {route}", caller))

    @app.after_request
    def note(response: Response) -> Response:
        if (span := _current.get()) is not None:
            route, method = route_and_method(current_request())
            span.note(method, route, response.status_code)
        return response

    @app.teardown_request
    def end(error: BaseException | None) -> None:
        if (span := _current.get()) is not None:
            _current.set(None)
            span.end()


def traceparent() -> str | None:
    """What to tell a process that is asked on behalf of this request; None where it is not traced.

    Source: W3C Trace Context §3.2.
    """
    span = _current.get()
    return None if span is None else span.traceparent()


def observe_stage(name: str, duration_s: float) -> None:
    """A stage of the work on this request has just ended."""
    if (span := _current.get()) is not None:
        span.stage(name, duration_s)
