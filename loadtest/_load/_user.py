"""A camera: one frame per interval, every answer checked."""

import itertools
import resource
import socket
import time
from collections.abc import Iterator
from typing import Any

import gevent
from geventhttpclient.connectionpool import ConnectionPool
from locust import FastHttpUser, task

from loadtest._load._pacing import Pacer, phase_ratio
from loadtest._load._payloads import make_payloads
from loadtest._load._responses import Checked, check, transport_failure
from loadtest._load._samples import Collector, CpuReading, Sample
from loadtest._options import options_from
from loadtest._settings import read_settings

PATH = "/v1/quality"
TIMEOUT_S = 10.0
CPU_EVERY_S = 1.0
HEADERS = {
    "Content-Type": "image/jpeg",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
}


def _send_at_once(_: ConnectionPool, sock: Any) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


# geventhttpclient's own hook, empty there. TLS sends a picture in several records, and without this
# the last one waits 40 ms for the gateway's delayed acknowledgement of the others.
ConnectionPool.after_connect = _send_at_once  # type: ignore[method-assign, assignment]


class LoadSource:
    """What the users of one process share. It lives in workers and in a run of one process."""

    def __init__(self) -> None:
        self.collector = Collector()
        self.payloads: list[bytes] = []
        self._seed: int | None = None
        self._indices: Iterator[int] = itertools.count()
        self._cpu_meter: gevent.Greenlet[..., Any] | None = None

    def prepare(self, seed: int) -> None:
        """Make the pictures before the users need them; again only if the seed has changed."""
        if seed != self._seed:
            self.payloads = make_payloads(seed)
            self._seed = seed

    def start(self, process: str) -> None:
        self._indices = itertools.count()
        self.collector.clear()
        self.stop()
        self._cpu_meter = gevent.spawn(self._measure_cpu, process)

    def stop(self) -> None:
        if self._cpu_meter is not None:
            self._cpu_meter.kill(block=False)
            self._cpu_meter = None

    def next_index(self) -> int:
        return next(self._indices)

    def _measure_cpu(self, process: str) -> None:
        while True:
            usage = resource.getrusage(resource.RUSAGE_SELF)
            self.collector.cpu.append(
                CpuReading(process, time.time(), usage.ru_utime + usage.ru_stime)
            )
            gevent.sleep(CPU_EVERY_S)


source = LoadSource()


class CameraUser(FastHttpUser):
    """Posts a JPEG per interval, at a moment of the interval that is its own."""

    host = read_settings().gateway_url
    network_timeout = TIMEOUT_S
    connection_timeout = TIMEOUT_S
    # geventhttpclient uses a proxy only if it is named here, whatever the environment says.
    proxy_host = None

    def on_start(self) -> None:
        assert self.environment.parsed_options is not None
        options = options_from(vars(self.environment.parsed_options))
        self._index = source.next_index()
        worker = getattr(self.environment.runner, "worker_index", 0)
        ratio = phase_ratio(self._index, seed=options.seed, worker=worker)
        # The same clock in every process of a machine, so that their users interleave.
        self._pacer = Pacer(now_s=time.monotonic(), interval_s=options.think_time_s, ratio=ratio)
        # Neighbours in time send different pictures.
        self._pictures = itertools.cycle(_rotated(source.payloads, self._index))
        key = {"Authorization": f"Bearer {options.api_key}"} if options.api_key else {}
        self._headers = HEADERS | key
        gevent.sleep(self._pacer.wait_s(time.monotonic()))

    def wait_time(self) -> float:
        return self._pacer.wait_s(time.monotonic())

    @task
    def score_frame(self) -> None:
        started_s = time.time()
        monotonic_s = time.monotonic()
        late_ms = max(0.0, (monotonic_s - self._pacer.intended_s) * 1000)
        self._pacer.advance(started_s=monotonic_s)
        with self.client.post(
            PATH,
            data=next(self._pictures),  # type: ignore[arg-type]  # bytes are sent as they are
            headers=self._headers,
            catch_response=True,
        ) as response:
            checked = _checked(response)
            source.collector.samples.append(
                Sample(
                    started_s=started_s,
                    late_ms=late_ms,
                    response_ms=response.request_meta["response_time"],
                    failure=checked.failure,
                    score=checked.score,
                    decode_ms=checked.stages_ms.get("decode"),
                    preprocess_ms=checked.stages_ms.get("preprocess"),
                    triton_ms=checked.stages_ms.get("triton"),
                    gateway_ms=checked.stages_ms.get("total"),
                )
            )
            if checked.model is not None:
                source.collector.models.add(checked.model)
            if checked.failure is None:
                response.success()
            else:
                response.failure(checked.failure)


def _checked(response: Any) -> Checked:
    if not response.status_code:
        error = response.request_meta["exception"] or getattr(response, "error", None)
        return Checked(transport_failure(error))
    if response.request_meta["exception"] is not None and response.status_code == 200:
        # The head arrived, the body did not.
        return Checked(transport_failure(response.request_meta["exception"]))
    header = response.headers.get("server-timing", "") if response.headers else ""
    return check(response.status_code, response.content or b"", header)


def _rotated(payloads: list[bytes], index: int) -> list[bytes]:
    start = index % len(payloads) if payloads else 0
    return payloads[start:] + payloads[:start]
