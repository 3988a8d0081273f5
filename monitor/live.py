"""What runs now: the sources that the flags name, sampled until it is enough."""

import argparse
import ssl
import time
from collections.abc import Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Self

from monitor.addresses import Addresses, Given, resolve
from monitor.errors import UsageError
from monitor.output.summary import Summary
from monitor.sample import FIRST_GATEWAY_SCRAPE, Sample
from monitor.session import Diagnostics, Observe, Sink, Stop, run
from monitor.sources.gateway import GatewaySource
from monitor.sources.gpu import GpuReader
from monitor.sources.gpu_selection import Unselected
from monitor.sources.http import get
from monitor.sources.sampling import Processes, Sampler
from monitor.sources.tls import BadCertificates, tls_context
from monitor.sources.triton import TritonSource

# --once must answer in three seconds whatever the interval: two scrapes and the wait between.
ONCE_INTERVAL_S = 1.0


class Live:
    """Holds NVML open between entering and leaving.

    Raises:
        UsageError: a GPU that is not there, or certificates that cannot be read.
        BadSettings: see `resolve`.
    """

    def __init__(
        self,
        options: argparse.Namespace,
        environment: Mapping[str, str],
        diagnostics: Diagnostics,
    ) -> None:
        self._interval_s = options.interval
        self._duration_s = options.duration
        self._diagnostics = diagnostics
        self.addresses = resolve(given_by(options), environment)
        self._tls = _believed(self.addresses, insecure=options.insecure)
        self._gpus = GpuReader(only=tuple(options.gpu or ()))

    def __enter__(self) -> Self:
        try:
            self._gpus.check(time.monotonic())
        except Unselected as error:
            self._gpus.close()
            raise UsageError(str(error)) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._gpus.close()

    def watch(self, observe: Observe, sinks: Sequence[Sink], stop: Stop) -> Summary:
        """Until the duration is over or a signal has come."""
        return run(
            self._sampler(self._interval_s),
            observe,
            sinks,
            stop,
            interval_s=self._interval_s,
            duration_s=self._duration_s,
            diagnostics=self._diagnostics,
        )

    def once(self, stop: Stop) -> Sample:
        """Counters speak of an interval, so where there are any they are read twice."""
        interval_s = min(self._interval_s, ONCE_INTERVAL_S)
        sampler = self._sampler(interval_s)
        sample = sampler.sample()
        counted = (
            sample.models is not None
            or sample.missing.get("gateway") == FIRST_GATEWAY_SCRAPE
            or any(reading.count for reading in sample.processes)
        )
        if counted and not stop.wait(interval_s):
            sample = sampler.sample()
        return sample

    def _sampler(self, interval_s: float) -> Sampler:
        where = self.addresses
        gateway = None
        if where.gateway is not None:
            # The key is the gateway's: nobody else is sent it.
            headers = {"Authorization": f"Bearer {where.api_key}"} if where.api_key else {}
            gateway = GatewaySource(where.gateway, partial(get, tls=self._tls, headers=headers))
        return Sampler(
            self._gpus,
            TritonSource(where.metrics, where.statistics, partial(get, tls=self._tls)),
            interval_s,
            gateway=gateway,
            processes=_watcher(where),
        )


def given_by(options: argparse.Namespace) -> Given:
    return Given(
        triton=options.triton,
        triton_http=options.triton_http,
        gateway=options.gateway,
        watch=_watched(options.watch),
        api_key=options.api_key,
        ca=options.ca,
    )


def _watched(flags: Sequence[tuple[str, int] | None] | None) -> tuple[tuple[str, int], ...] | None:
    """Those after the last "off"; None where the flag was not given."""
    if flags is None:
        return None
    watched: list[tuple[str, int]] = []
    for flag in flags:
        if flag is None:
            watched.clear()
        else:
            watched.append(flag)
    return tuple(watched)


def _believed(where: Addresses, *, insecure: bool) -> ssl.SSLContext | None:
    """None where no certificate will be seen: making one takes as long as a sample."""
    addresses = (where.metrics, where.statistics, where.gateway)
    if not any(url is not None and url.startswith("https:") for url in addresses):
        return None
    try:
        return tls_context(where.ca, insecure=insecure)
    except BadCertificates as error:
        raise UsageError(str(error)) from error


def _watcher(where: Addresses) -> Processes | None:
    if not where.watch:
        return None
    # Imported only where it is needed: psutil is slow to start.
    from monitor.sources.processes import ProcessWatcher

    return ProcessWatcher(where.watch)
