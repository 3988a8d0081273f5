"""The latest observation for Prometheus, over HTTP: GET /metrics and nothing else."""

import contextlib
import http.server
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric

from monitor.observation import Observation
from monitor.output import families

# Older than this many intervals an observation says nothing of now.
STALE_INTERVALS = 3
# Prometheus needs one; beyond these a connection is closed unanswered.
MOST_CONNECTIONS = 8
LONGEST_REQUEST_S = 5.0
POLL_S = 0.25


class CannotListen(Exception):
    """The address is not to be had. The text says why and what to do."""


class Exporter:
    """A sink that answers scrapes with the last observation it was given.

    Args:
        port: 0 takes a free one; `self.port` has it.
        interval_s: Between observations, to know when the last one is stale.

    Raises:
        CannotListen: on entering, as when the port is in use.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        interval_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self.port = port
        self._stale_s = STALE_INTERVALS * interval_s
        self._monotonic = monotonic
        self._latest: Observation | None = None

    def __enter__(self) -> Self:
        registry = CollectorRegistry()
        registry.register(self)
        try:
            self._server = _Server(self._host, self.port, registry)
        except OSError as error:
            raise CannotListen(
                f"{self._host}, port {self.port}, cannot be listened on: "
                f"{error.strerror or error}. Give another --port or --host."
            ) from error
        self.port = self._server.server_address[1]
        threading.Thread(
            target=self._server.serve_forever, args=(POLL_S,), name="exporter", daemon=True
        ).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def write(self, observation: Observation) -> None:
        self._latest = observation

    def collect(self) -> Iterator[Metric]:
        """What prometheus_client asks for at each scrape."""
        latest = self._latest
        if latest is None:
            return
        answered = families.answered(latest.sample)
        age_s = max(0.0, self._monotonic() - latest.sample.monotonic_s)
        yield from families.age(age_s)
        if age_s > self._stale_s:
            yield from families.up(dict.fromkeys(answered, False))
            return
        yield from families.up(answered)
        yield from families.observed(latest)


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Bounded in connections and in the time of each, whatever those at the other end do."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int, registry: CollectorRegistry) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.registry = registry
        self._opened_s: dict[socket.socket, float] = {}
        super().__init__((host, port), _Handler)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return len(self._opened_s) < MOST_CONNECTIONS

    def process_request(self, request: Any, client_address: Any) -> None:
        self._opened_s[request] = time.monotonic()
        super().process_request(request, client_address)

    def close_request(self, request: Any) -> None:
        self._opened_s.pop(request, None)
        super().close_request(request)

    def service_actions(self) -> None:
        # A time-out of the socket alone begins anew with every byte.
        oldest_s = time.monotonic() - LONGEST_REQUEST_S
        for request, opened_s in list(self._opened_s.items()):
            if opened_s < oldest_s:
                with contextlib.suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Whoever hung up does not want to hear of it.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    server_version = "framegate-monitor"
    sys_version = ""

    def do_GET(self) -> None:
        if urlsplit(self.path).path != "/metrics":
            self.send_error(HTTPStatus.NOT_FOUND, explain="Only /metrics is here")
            return
        encode, content_type = choose_encoder(self.headers.get("Accept", ""))
        body = encode(self.server.registry)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """A line per scrape would drown everything else on stderr."""
