"""What the monitor saw of the machine, joined into the stages by wall-clock time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from loadtest._course._plan import StageWindow


@dataclass(frozen=True)
class MachineReading:
    """One interval of the monitor; of several GPUs, the busiest, fullest or hottest counts."""

    at_s: float
    requests: int | None = None
    queue_ms: float | None = None
    infer_ms: float | None = None
    mean_batch: float | None = None
    gpu_percent: float | None = None
    gpu_memory_ratio: float | None = None
    temperature_celsius: float | None = None
    power_w: float | None = None
    energy_j: float | None = None
    pending: int | None = None
    batch_sizes: Mapping[int, int] | None = None
    cpu_percents: Mapping[str, float] = field(default_factory=dict)
    clocks_event_reasons: int | None = None


@dataclass(frozen=True)
class Recording:
    """All a run keeps of a recording; `reason` says why there is none."""

    readings: tuple[MachineReading, ...] = ()
    gpus: tuple[str, ...] | None = None
    reason: str | None = None


@dataclass(frozen=True)
class MachineInStage:
    """None where nothing was recorded; never an invented zero."""

    queue_ms: float | None
    infer_ms: float | None
    mean_batch: float | None
    gpu_percent: float | None
    gpu_memory_ratio: float | None
    temperature_celsius: float | None
    power_w: float | None
    # Most requests waiting in Triton at once.
    pending_peak: int | None = None
    # Executions by the number of inferences in each.
    batch_sizes: Mapping[int, int] | None = None
    # Role (gateway, triton) → CPU of its processes together, in percent of one core.
    cpu_percents: Mapping[str, float] = field(default_factory=dict)
    host_cpu_cores: int | None = None
    energy_j: float | None = None
    inferences: int | None = None
    # What NVML says slowed the clocks down, in its own terms.
    throttled_by: Sequence[str] = ()


def join(readings: Iterable[MachineReading], window: StageWindow) -> MachineInStage:
    inside = [reading for reading in readings if window.holds(reading.at_s)]
    return MachineInStage(
        queue_ms=_per_request(inside, lambda r: r.queue_ms),
        infer_ms=_per_request(inside, lambda r: r.infer_ms),
        mean_batch=_per_request(inside, lambda r: r.mean_batch),
        gpu_percent=_mean([r.gpu_percent for r in inside]),
        gpu_memory_ratio=_largest([r.gpu_memory_ratio for r in inside]),
        temperature_celsius=_largest([r.temperature_celsius for r in inside]),
        power_w=_mean([r.power_w for r in inside]),
    )


def _per_request(
    readings: Sequence[MachineReading], value: Callable[[MachineReading], float | None]
) -> float | None:
    """Mean over requests: a second with a hundred of them counts a hundred times."""
    known = [(value(r), r.requests or 0) for r in readings]
    weighted = [(amount, weight) for amount, weight in known if amount is not None]
    total = sum(weight for _, weight in weighted)
    if not total:
        return None
    return sum(amount * weight for amount, weight in weighted) / total


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _largest(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
