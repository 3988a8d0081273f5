"""Asks the GPUs, Triton, the host and its processes, and puts their answers into one sample."""

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from monitor.counters import ModelActivity, Snapshot, between
from monitor.sample import GpuReading, ProcessReading, Sample
from monitor.sources import host, triton_statistics
from monitor.sources.triton_metrics import ScrapeError, parse, scrape
from monitor.sources.triton_statistics import BatchCounts

FIRST_SCRAPE = "the first scrape is only a baseline"
LONGEST_SCRAPE_S = 2.0
SCRAPE_SHARE = 0.8


class Gpus(Protocol):
    reason: str | None

    def read(self, now_s: float) -> tuple[GpuReading, ...]: ...


class Processes(Protocol):
    def read(self, now_s: float) -> tuple[tuple[ProcessReading, ...], Mapping[str, str]]: ...


class Sampler:
    """Remembers the last scrape, so that each sample speaks of the time since the one before.

    Args:
        url: Triton's metrics.
        interval_s: Scrapes have less time than that together, so they never overlap.
        statistics_url: Triton's statistics; None where nobody asks for batch sizes.
        processes: None where nobody asks for any.
    """

    def __init__(
        self,
        gpus: Gpus,
        url: str,
        interval_s: float,
        *,
        statistics_url: str | None = None,
        processes: Processes | None = None,
        fetch: Callable[[str, float], str] = scrape,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        cpu_times: Callable[[], host.CpuTimes | None] = host.read_cpu_times,
    ) -> None:
        self._gpus = gpus
        self._url = url
        self._statistics_url = statistics_url
        self._processes = processes
        scrapes = 1 if statistics_url is None else 2
        self._timeout_s = min(SCRAPE_SHARE * interval_s / scrapes, LONGEST_SCRAPE_S)
        self._fetch = fetch
        self._monotonic = monotonic
        self._wall = wall
        self._cpu_times = cpu_times
        self._last_scrape: Snapshot | None = None
        self._last_batches: BatchCounts | None = None
        self._last_cpu: host.CpuTimes | None = None

    def sample(self) -> Sample:
        wall_s, monotonic_s = self._wall(), self._monotonic()
        missing: dict[str, str] = {}
        gpus = self._gpus.read(monotonic_s)
        if self._gpus.reason is not None:
            missing["gpu"] = self._gpus.reason
        models, elapsed_s, unknown = self._triton()
        missing.update(unknown)
        batch_sizes = self._batch_sizes(missing)
        processes = self._read_processes(missing)
        cpu = self._cpu_times()
        cpu_percent = host.busy_percent(self._last_cpu, cpu)
        if cpu is None:
            missing["host_cpu"] = "this system has no /proc/stat"
        elif cpu_percent is None:
            missing["host_cpu"] = "it takes two readings"
        self._last_cpu = cpu
        return Sample(
            wall_s,
            monotonic_s,
            gpus,
            models,
            elapsed_s,
            cpu_percent,
            missing,
            batch_sizes,
            processes,
        )

    def _triton(
        self,
    ) -> tuple[tuple[ModelActivity, ...] | None, float | None, Mapping[str, str]]:
        before = self._last_scrape
        try:
            text = self._fetch(self._url, self._timeout_s)
            after = parse(text, self._monotonic())
        except ScrapeError as error:
            return None, None, {"triton": str(error)}
        except ValueError:
            return None, None, {"triton": f"{self._url} answered something that is no metrics text"}
        self._last_scrape = after
        models = between(before, after)
        if before is None:
            return models, None, {"counters": FIRST_SCRAPE}
        missing = {} if models else {"counters": "Triton reports no model"}
        return models, after.monotonic_s - before.monotonic_s, missing

    def _batch_sizes(self, missing: dict[str, str]) -> dict[int, int] | None:
        url, before = self._statistics_url, self._last_batches
        if url is None:
            return None
        try:
            after = triton_statistics.parse(self._fetch(url, self._timeout_s))
        except ScrapeError as error:
            missing["batch_sizes"] = str(error)
            return None
        except ValueError:
            missing["batch_sizes"] = f"{url} answered something that is no statistics"
            return None
        self._last_batches = after
        return None if before is None else triton_statistics.between(before, after)

    def _read_processes(self, missing: dict[str, str]) -> tuple[ProcessReading, ...]:
        if self._processes is None:
            return ()
        readings, reasons = self._processes.read(self._monotonic())
        missing.update({f"processes.{role}": reason for role, reason in reasons.items()})
        return readings
