"""One moment as values: what the GPUs, Triton and the host said, and why the rest is unknown."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.counters import Deltas, ModelActivity, total


@dataclass(frozen=True)
class GpuReading:
    """One GPU; None is unknown, and `missing` says why, metric by metric.

    memory_busy_percent is the share of time in which memory was read or written, not how full
    it is; memory_ratio is that.
    """

    index: int
    uuid: str | None = None
    name: str | None = None
    utilization_percent: int | None = None
    memory_busy_percent: int | None = None
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    temperature_celsius: int | None = None
    power_mw: int | None = None
    energy_mj: int | None = None
    clocks_event_reasons: int | None = None
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def memory_ratio(self) -> float | None:
        if self.memory_used_bytes is None or not self.memory_total_bytes:
            return None
        return self.memory_used_bytes / self.memory_total_bytes


@dataclass(frozen=True)
class ProcessReading:
    """The processes of one role together; `cpu_percent` is of one core.

    The first reading of a role has no cpu_percent yet. rss_bytes counts memory that processes
    share in each of them.
    """

    role: str
    cpu_percent: float | None = None
    rss_bytes: int | None = None
    count: int | None = None


@dataclass(frozen=True)
class Sample:
    """`models` is None when Triton did not answer; `elapsed_s` is the time its counters span.

    `batch_sizes` has the executions since the sample before, by the inferences in each; None
    where it was not asked for or Triton did not say.

    Keys of `missing`: gpu, triton, counters (no interval yet), host_cpu, batch_sizes, and
    processes.ROLE.
    """

    wall_s: float
    monotonic_s: float
    gpus: tuple[GpuReading, ...] = ()
    models: tuple[ModelActivity, ...] | None = None
    elapsed_s: float | None = None
    host_cpu_percent: float | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    batch_sizes: Mapping[int, int] | None = None
    processes: tuple[ProcessReading, ...] = ()

    def deltas(self) -> Deltas:
        """All models together. An ensemble's requests count once for it and once per step."""
        known = (model.deltas for model in self.models or ())
        return total(deltas for deltas in known if deltas is not None)

    def pending_count(self) -> int | None:
        known = [m.pending_count for m in self.models or () if m.pending_count is not None]
        return sum(known) if known else None
