"""One moment as values: what the GPUs, Triton and the host said, and why the rest is unknown."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.counters import Deltas, ModelActivity, ModelKey, total

# Reasons for what is missing that the next sample will no longer have.
FIRST_SCRAPE = "the first scrape is only a baseline"
FIRST_GATEWAY_SCRAPE = "the first scrape of the gateway is only a baseline"
TWO_READINGS = "it takes two readings"
PASSING = frozenset({FIRST_SCRAPE, FIRST_GATEWAY_SCRAPE, TWO_READINGS})
# What a part of a divided GPU never knows.
TOLD_FOR_THE_WHOLE = "told for the whole GPU"


@dataclass(frozen=True)
class GpuReading:
    """One GPU; None is unknown, and `missing` says why, metric by metric.

    memory_busy_percent is the share of time in which memory was read or written, not how full
    it is; memory_ratio is that.

    Attributes:
        mig_index: Of a part of a GPU that is divided (MIG); such a part knows its memory alone.
        memory_is_unified: The chip has no memory of its own: what is told is the host's.
        interval_energy_mj: Used since the sample before.
        power_limit_mw: Past it the card slows itself down.
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
    mig_index: int | None = None
    memory_is_unified: bool = False
    power_limit_mw: int | None = None
    interval_energy_mj: int | None = None

    @property
    def place(self) -> str:
        """Its number, and after a slash that of a part."""
        return str(self.index) if self.mig_index is None else f"{self.index}/{self.mig_index}"

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
class InstanceActivity:
    """How busy a model's instances were in the time between two readings of the statistics.

    Attributes:
        busy_us: Of all its instances together.
    """

    key: ModelKey
    busy_us: int
    elapsed_s: float
    instance_count: int | None = None

    @property
    def busy_ratio(self) -> float | None:
        if not self.instance_count or self.elapsed_s <= 0:
            return None
        return self.busy_us / 1e6 / self.elapsed_s / self.instance_count


@dataclass(frozen=True)
class GatewayActivity:
    """What the gateway did between two scrapes of its metrics.

    Attributes:
        request_count: Pictures asked about; health and metrics are not counted.
        failure_count: Of these, answered with a status from 500 on, rejections among them.
        rejected_counts: Turned away for want of room, rate or time, by the code of the problem.
        total_ms: Mean time in the gateway.
        stage_ms: Mean time of those that went through a stage: decode, preprocess, triton.
        in_flight_count: At the moment of the scrape.
    """

    elapsed_s: float
    request_count: int | None = None
    failure_count: int | None = None
    rejected_counts: Mapping[str, int] = field(default_factory=dict)
    total_ms: float | None = None
    stage_ms: Mapping[str, float] = field(default_factory=dict)
    in_flight_count: int | None = None


@dataclass(frozen=True)
class Sample:
    """`models` is None when Triton did not answer; `elapsed_s` is the time its counters span.

    `batch_sizes` has the executions since the sample before, by the inferences in each; None
    where it was not asked for or Triton did not say. So it is with `instances` and `gateway`.

    Keys of `missing`: gpu, triton, counters (no interval yet), host_cpu, batch_sizes, gateway, and
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
    instances: tuple[InstanceActivity, ...] | None = None
    gateway: GatewayActivity | None = None

    def deltas(self) -> Deltas:
        """All models together but ensembles, whose work is that of their steps."""
        models = (model for model in self.models or () if not model.steps)
        return total(model.deltas for model in models if model.deltas is not None)

    def request_count(self) -> int | None:
        """Requests from outside: one through an ensemble counts once, and not once per step."""
        requests = self.deltas().request_count
        if requests is None:
            return None
        through = ((m.deltas, len(m.steps)) for m in self.models or () if m.steps)
        inside = sum((d.request_count or 0) * (steps - 1) for d, steps in through if d is not None)
        return max(0, requests - inside)

    def pending_count(self) -> int | None:
        known = [
            model.pending_count
            for model in self.models or ()
            if model.pending_count is not None and not model.steps
        ]
        return sum(known) if known else None

    def in_flight(self) -> float | None:
        """Requests inside Triton on average."""
        return self.deltas().in_flight(self.elapsed_s)

    def joules_per_inference(self) -> float | None:
        """None where one of the GPUs does not say what it used, or nothing was inferred."""
        inferences = self.deltas().inference_count
        used = [gpu.interval_energy_mj for gpu in self.gpus if gpu.mig_index is None]
        known = [energy_mj for energy_mj in used if energy_mj is not None]
        if not inferences or not known or len(known) < len(used):
            return None
        return sum(known) / 1000 / inferences
