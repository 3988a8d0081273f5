"""Spans of OpenTelemetry: the only module that needs its packages."""

import time

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

HEADER = "traceparent"
FIRST_FAILURE = 500

_propagator = TraceContextTextMapPropagator()


class RequestSpan:
    """One request: a span of its own, and one for each stage of the work on it.

    Args:
        traceparent: of the caller; may be anything.
    """

    def __init__(self, tracer: trace.Tracer, name: str, traceparent: str) -> None:
        self._tracer = tracer
        caller = _propagator.extract({HEADER: traceparent})
        self._span = tracer.start_span(name, caller, kind=trace.SpanKind.SERVER)
        self._context = trace.set_span_in_context(self._span, caller)

    def traceparent(self) -> str:
        """What a process that is asked on its behalf is told."""
        carrier: dict[str, str] = {}
        _propagator.inject(carrier, self._context)
        return carrier[HEADER]

    def stage(self, name: str, duration_s: float) -> None:
        """A part of the work that has just ended."""
        now_ns = time.time_ns()
        began_ns = now_ns - int(duration_s * 1e9)
        self._tracer.start_span(name, self._context, start_time=began_ns).end(now_ns)

    def note(self, method: str, route: str, status: int) -> None:
        self._span.set_attributes(
            {
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
            }
        )
        if status >= FIRST_FAILURE:
            self._span.set_status(trace.StatusCode.ERROR)

    def end(self) -> None:
        self._span.end()


class Spans:
    """Collects spans and sends them where OpenTelemetry's own variables say, in the background."""

    def __init__(self, service: str) -> None:
        provider = TracerProvider(resource=Resource.create({"service.name": service}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = provider.get_tracer("framegate")

    def begin(self, name: str, traceparent: str) -> RequestSpan:
        """The caller's trace goes on; without a right one a new one begins."""
        return RequestSpan(self._tracer, name, traceparent)
