"""Asks the GPUs, Triton, the gateway, the host and its processes, and makes one sample of it."""

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from monitor.sample import TWO_READINGS, GatewayActivity, GpuReading, ProcessReading, Sample
from monitor.sources import host
from monitor.sources.triton import FIRST_SHARE, TritonReading

LONGEST_SCRAPE_S = 2.0
SCRAPE_SHARE = 0.8


class Gpus(Protocol):
    reason: str | None

    def read(self, now_s: float) -> tuple[GpuReading, ...]: ...


class Triton(Protocol):
    def read(self, timeout_s: float) -> TritonReading: ...


class Gateway(Protocol):
    def read(self, timeout_s: float) -> tuple[GatewayActivity | None, str | None]: ...


class Processes(Protocol):
    def read(self, now_s: float) -> tuple[tuple[ProcessReading, ...], Mapping[str, str]]: ...


class Sampler:
    """One sample after another; each speaks of the time since the one before.

    Args:
        interval_s: Scrapes have less time than that together, so they never overlap.
        gateway: None where nobody asks for it; processes likewise.
    """

    def __init__(
        self,
        gpus: Gpus,
        triton: Triton,
        interval_s: float,
        *,
        gateway: Gateway | None = None,
        processes: Processes | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        cpu_times: Callable[[], host.CpuTimes | None] = host.read_cpu_times,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gpus = gpus
        self._triton = triton
        self._gateway = gateway
        self._processes = processes
        self._timeout_s = min(SCRAPE_SHARE * interval_s, LONGEST_SCRAPE_S)
        self._stopwatch = stopwatch
        self._monotonic = monotonic
        self._wall = wall
        self._cpu_times = cpu_times
        self._last_cpu: host.CpuTimes | None = None

    def sample(self) -> Sample:
        wall_s, monotonic_s = self._wall(), self._monotonic()
        missing: dict[str, str] = {}
        gpus = self._gpus.read(monotonic_s)
        if self._gpus.reason is not None:
            missing["gpu"] = self._gpus.reason
        began_s = self._stopwatch()
        # A server that does not answer leaves the next one some time; one that does, most of it.
        share = 1.0 if self._gateway is None else FIRST_SHARE
        triton = self._triton.read(share * self._timeout_s)
        missing |= triton.missing
        gateway = self._read_gateway(missing, self._timeout_s - (self._stopwatch() - began_s))
        processes = self._read_processes(missing)
        return Sample(
            wall_s,
            monotonic_s,
            gpus=gpus,
            models=triton.models,
            elapsed_s=triton.elapsed_s,
            host_cpu_percent=self._host_cpu_percent(missing),
            missing=missing,
            batch_sizes=triton.batch_sizes,
            processes=processes,
            instances=triton.instances,
            gateway=gateway,
        )

    def _read_gateway(self, missing: dict[str, str], timeout_s: float) -> GatewayActivity | None:
        if self._gateway is None:
            return None
        activity, reason = self._gateway.read(max(timeout_s, (1 - FIRST_SHARE) * self._timeout_s))
        if reason is not None:
            missing["gateway"] = reason
        return activity

    def _read_processes(self, missing: dict[str, str]) -> tuple[ProcessReading, ...]:
        if self._processes is None:
            return ()
        readings, reasons = self._processes.read(self._monotonic())
        missing |= {f"processes.{role}": reason for role, reason in reasons.items()}
        return readings

    def _host_cpu_percent(self, missing: dict[str, str]) -> float | None:
        cpu = self._cpu_times()
        percent = host.busy_percent(self._last_cpu, cpu)
        if cpu is None:
            missing["host_cpu"] = "this system has no /proc/stat"
        elif percent is None:
            missing["host_cpu"] = TWO_READINGS
        self._last_cpu = cpu
        return percent
