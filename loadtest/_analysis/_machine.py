"""What the monitor saw of the machine, joined into the stages by wall-clock time."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from loadtest._course._plan import StageWindow

V = TypeVar("V", int, float)

# What slows a GPU's clocks for want of power or for heat, as NVML names it. Being idle, or told so
# by somebody, is no slowdown; "HW slowdown" says only that one of the others is there.
# Source: NVML API reference, nvmlClocksEventReasons.
THROTTLING = {
    0x04: "SW power cap",
    0x20: "SW thermal slowdown",
    0x40: "HW thermal slowdown",
    0x80: "HW power brake slowdown",
}
# A slowdown in a quarter of a stage is in every percentile of it; a shorter one may be a blip.
THROTTLED_SHARE = 0.25


@dataclass(frozen=True)
class MachineReading:
    """One interval of the monitor; of several GPUs, the busiest, fullest or hottest counts.

    Attributes:
        at_s: the middle of the interval.
        energy_j: what all GPUs used in the interval.
        host_cpu_percent: of all cores together, 100 at most.
        process_counts: role → processes, gunicorn's parent among them.
        clocks_event_reasons: NVML's bits, of all GPUs together.
    """

    at_s: float
    requests: int | None = None
    inferences: int | None = None
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
    host_cpu_percent: float | None = None
    process_counts: Mapping[str, int] = field(default_factory=dict)
    clocks_event_reasons: int | None = None
    interval_s: float = 0.0

    def lies_within(self, window: StageWindow) -> bool:
        half_s = self.interval_s / 2
        return (
            window.dwell_started_s <= self.at_s - half_s
            and self.at_s + half_s <= window.dwell_ended_s
        )


@dataclass(frozen=True)
class Recording:
    """All a run keeps of a recording; `reason` says why there is none."""

    readings: tuple[MachineReading, ...] = ()
    gpus: tuple[str, ...] | None = None
    reason: str | None = None
    host_cpu_cores: int | None = None


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
    # Of all cores together, 100 at most.
    host_cpu_percent: float | None = None
    # Role → processes, gunicorn's parent among them.
    process_counts: Mapping[str, int] = field(default_factory=dict)
    # Of all GPUs; covers the same intervals as `inferences`.
    energy_j: float | None = None
    inferences: int | None = None
    # What NVML says slowed the clocks down, in its own terms.
    throttled_by: Sequence[str] = ()


def join(
    readings: Iterable[MachineReading],
    window: StageWindow,
    *,
    host_cpu_cores: int | None = None,
) -> MachineInStage:
    """What the machine did while the stage was measured."""
    inside = _of_stage(readings, window)
    return MachineInStage(
        queue_ms=_per_request(inside, lambda r: r.queue_ms),
        infer_ms=_per_request(inside, lambda r: r.infer_ms),
        mean_batch=_per_request(inside, lambda r: r.mean_batch),
        gpu_percent=_mean([r.gpu_percent for r in inside]),
        gpu_memory_ratio=_largest([r.gpu_memory_ratio for r in inside]),
        temperature_celsius=_largest([r.temperature_celsius for r in inside]),
        power_w=_mean([r.power_w for r in inside]),
        pending_peak=max((r.pending for r in inside if r.pending is not None), default=None),
        batch_sizes=_batch_sizes(inside),
        cpu_percents=_by_role(inside, lambda r: r.cpu_percents, _mean),
        host_cpu_cores=host_cpu_cores,
        host_cpu_percent=_mean([r.host_cpu_percent for r in inside]),
        process_counts=_by_role(inside, lambda r: r.process_counts, max),
        energy_j=_energy_j(inside),
        inferences=_total([r.inferences for r in inside]),
        throttled_by=_throttled_by(inside),
    )


def _batch_sizes(readings: Sequence[MachineReading]) -> Mapping[int, int] | None:
    known = [reading.batch_sizes for reading in readings if reading.batch_sizes is not None]
    if not known:
        return None
    return dict(sorted(sum(map(Counter, known), Counter[int]()).items()))


def _by_role(
    readings: Sequence[MachineReading],
    values: Callable[[MachineReading], Mapping[str, V]],
    combine: Callable[[Sequence[V]], V | None],
) -> dict[str, V]:
    by_role: dict[str, list[V]] = {}
    for reading in readings:
        for role, value in values(reading).items():
            by_role.setdefault(role, []).append(value)
    combined = {role: combine(found) for role, found in by_role.items()}
    return {role: value for role, value in combined.items() if value is not None}


def _energy_j(readings: Sequence[MachineReading]) -> float | None:
    """Unknown where a part is: a sum with a gap would only look like little."""
    known = [reading.energy_j for reading in readings if reading.energy_j is not None]
    return sum(known) if known and len(known) == len(readings) else None


def _throttled_by(readings: Sequence[MachineReading]) -> tuple[str, ...]:
    known = [r.clocks_event_reasons for r in readings if r.clocks_event_reasons is not None]
    return tuple(
        name
        for bit, name in THROTTLING.items()
        if known and sum(bool(reasons & bit) for reasons in known) >= THROTTLED_SHARE * len(known)
    )


def _total(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _of_stage(readings: Iterable[MachineReading], window: StageWindow) -> list[MachineReading]:
    """The readings of this stage and no other; of a shorter one than they are, the nearest."""
    touching = [reading for reading in readings if window.holds(reading.at_s)]
    return [reading for reading in touching if reading.lies_within(window)] or touching


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
