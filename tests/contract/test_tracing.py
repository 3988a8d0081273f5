"""One trace from a caller through the gateway to Triton and to the zoo, told to a real receiver."""

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from scripts import make_standins
from tests.pictures import ASTRONAUT
from tests.processes import PROJECT, Enrichment, Gateway, Session, Triton, wait_until

pytest.importorskip("opentelemetry.sdk", reason="missing: the packages of requirements/tracing.txt")
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)

pytestmark = pytest.mark.triton
JPEG = ASTRONAUT.read_bytes()
MODEL = "osnet-x0-25"
CALLER = "cd" * 8


@dataclass(frozen=True)
class Span:
    service: str
    trace: str
    number: str
    parent: str
    name: str


class Receiver:
    """Takes OTLP over HTTP: protobuf, as the Python processes send it, and JSON, as Triton does."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.spans += read(body, self.headers["Content-Type"])
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Quiet."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def of(self, trace: str) -> list[Span]:
        return [span for span in self.spans if span.trace == trace]

    def services(self, trace: str) -> set[str]:
        return {span.service for span in self.of(trace)}


def read(body: bytes, content_type: str) -> Iterator[Span]:
    """Both ways of writing give the same document, but for how numbers of spans are written."""
    if content_type == "application/json":
        document, is_hex = json.loads(body), True
    else:
        document, is_hex = MessageToDict(ExportTraceServiceRequest.FromString(body)), False

    def number(text: str) -> str:
        return text.lower() if is_hex else base64.b64decode(text).hex()

    for resource in document["resourceSpans"]:
        (service,) = (
            one["value"]["stringValue"]
            for one in resource["resource"]["attributes"]
            if one["key"] == "service.name"
        )
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                yield Span(
                    service,
                    number(span["traceId"]),
                    number(span["spanId"]),
                    number(span.get("parentSpanId", "")),
                    span["name"],
                )


@dataclass(frozen=True)
class System:
    gateway: Gateway
    receiver: Receiver


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("traced")
    assert make_standins.main(["--repository", str(folder / "models"), MODEL]) == 0
    with ExitStack() as started:
        receiver = started.enter_context(Receiver())
        # The tests' proxy leads nowhere, and Triton would ask it.
        direct = {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
        told = direct | {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        triton = started.enter_context(
            Triton(
                folder / "triton",
                FRAMEGATE_TRITON_REPOSITORIES=f"{PROJECT / 'triton_models'},{folder / 'models'}",
                FRAMEGATE_TRITON_TRACES_URL=f"{receiver.url}/v1/traces",
                **direct,
            )
        )
        zoo = started.enter_context(
            Enrichment(folder / "zoo", triton_grpc_port=triton.grpc_port, **told)
        )
        gateway = started.enter_context(
            Gateway(
                folder / "gateway",
                triton_port=triton.http_port,
                FRAMEGATE_ENRICHMENT_PORT=str(zoo.port),
                **told,
            )
        )
        yield System(gateway, receiver)


def test_a_picture_is_one_trace_from_its_caller_through_the_gateway_to_triton(
    system: System,
) -> None:
    trace = "ab" * 16
    system.gateway.post(JPEG)  # of no trace: it gets one of its own
    answer = system.gateway.post(JPEG, traceparent=f"00-{trace}-{CALLER}-01")
    assert answer.status_code == 200
    receiver = system.receiver
    wait_until(
        lambda: receiver.services(trace) == {"framegate-gateway", "triton-inference-server"},
        what="both have told of it",
    )
    gateway = {span.name: span for span in receiver.of(trace) if "gateway" in span.service}
    assert set(gateway) == {"POST /v1/quality", "decode", "preprocess", "triton"}
    request = gateway["POST /v1/quality"]
    assert request.parent == CALLER
    assert {gateway[name].parent for name in ("decode", "preprocess", "triton")} == {request.number}
    numbers = {span.number for span in receiver.of(trace)}
    inside = [span for span in receiver.of(trace) if "triton" in span.service]
    assert request.number in {span.parent for span in inside}
    assert {span.parent for span in inside} <= numbers


def test_what_the_zoo_is_asked_belongs_to_the_trace_of_the_caller(system: System) -> None:
    trace = "12" * 16
    with Session() as session:
        answer = session.post(
            f"{system.gateway.url}/v1/models/{MODEL}/infer",
            data=JPEG,
            headers={"Content-Type": "image/jpeg", "traceparent": f"00-{trace}-{CALLER}-01"},
            timeout=60,
        )
    assert answer.status_code == 200, answer.text
    receiver = system.receiver
    wait_until(
        lambda: receiver.services(trace) == {"framegate-gateway", "framegate-enrichment"},
        what="both have told of it",
    )
    spans = {span.service: span for span in receiver.of(trace)}
    assert spans["framegate-gateway"].parent == CALLER
    assert spans["framegate-enrichment"].parent == spans["framegate-gateway"].number


def test_probes_and_scrapes_are_in_no_trace(system: System) -> None:
    trace = "34" * 16
    for path in ("/health/live", "/health/ready", "/metrics"):
        system.gateway.get(path, traceparent=f"00-{trace}-{CALLER}-01")
    after = "56" * 16
    system.gateway.post(JPEG, traceparent=f"00-{after}-{CALLER}-01")
    receiver = system.receiver
    wait_until(lambda: len(receiver.services(after)) == 2, what="a later request was told of")
    assert receiver.of(trace) == []
    # Nor does Triton tell of what it was asked by a probe.
    known = {span.trace for span in receiver.spans if span.service == "framegate-gateway"}
    assert {span.trace for span in receiver.spans if "triton" in span.service} <= known
