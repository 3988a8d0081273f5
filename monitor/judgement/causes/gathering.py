"""The last few samples as one. Pure."""

from collections.abc import Iterable, Sequence

from monitor.counters import Deltas, ModelKey, total
from monitor.judgement.causes.facts import (
    GATEWAY,
    HEAT,
    POWER,
    TRITON,
    Facts,
    GatewayFacts,
    ModelFacts,
    computed_count,
)
from monitor.sample import GatewayActivity, InstanceActivity, Sample

# Turned away because what is behind does not keep up; a rate limit turns away for another reason.
WAITED_TOO_LONG = (
    "overloaded",
    "triton_overloaded",
    "no_room_for_body",
    "triton_timeout",
    "deadline_exceeded",
)
# Bits of NVML's clocks event reasons.
SLOWED_BY = {
    0x04: ("SW power cap", POWER),
    0x08: ("HW slowdown", HEAT),
    0x20: ("SW thermal slowdown", HEAT),
    0x40: ("HW thermal slowdown", HEAT),
    0x80: ("HW power brake", POWER),
}
PREPROCESSING = ("decode", "preprocess")


def gather(window: Sequence[Sample]) -> Facts:
    spans = [sample for sample in window if sample.models is not None and sample.elapsed_s]
    keys = sorted({model.key for sample in spans for model in sample.models or ()})
    return Facts(
        interval_count=len(spans),
        elapsed_s=sum(sample.elapsed_s or 0.0 for sample in spans),
        models=tuple(_model(key, spans, window) for key in keys),
        gpu_percent=_gpu_percent(window),
        slowed_by=_slowed_by(window),
        gateway=_gateway([sample.gateway for sample in window if sample.gateway is not None]),
        workers=_workers(window),
        cpu_percents=_cpu_percents(window),
        host_cpu_percent=_mean(sample.host_cpu_percent for sample in window),
        missing=window[-1].missing if window else {},
    )


def estimated_busy_us(deltas: Deltas) -> float | None:
    """The time of a model's executions, where only its counters are known.

    Each request of a batch is charged the whole batch's time, so the mean charge is about what
    an execution takes.
    """
    if deltas.compute_infer_us is None or deltas.execution_count is None:
        return None
    count = computed_count(deltas)
    return deltas.compute_infer_us * deltas.execution_count / count if count else 0.0


def _model(key: ModelKey, spans: Sequence[Sample], window: Sequence[Sample]) -> ModelFacts:
    found = [
        (sample, model)
        for sample in spans
        for model in sample.models or ()
        if model.key == key and model.deltas is not None
    ]
    pending = sorted(
        model.pending_count
        for sample in window
        for model in sample.models or ()
        if model.key == key and model.pending_count is not None
    )
    return ModelFacts(
        key,
        total(model.deltas for _, model in found if model.deltas is not None),
        sum(sample.elapsed_s or 0.0 for sample, _ in found),
        pending[0] if pending else None,
        pending[(len(pending) - 1) // 2] if pending else None,
        _busy_ratio(key, window),
    )


def _busy_ratio(key: ModelKey, window: Sequence[Sample]) -> float | None:
    """As the instances said; where a sample lacks that, as the counters make likely."""
    said = [_instances_of(key, sample) for sample in window]
    counts = [one.instance_count for one in said if one is not None and one.instance_count]
    if not counts:
        return None
    busy_us = elapsed_s = 0.0
    for sample, one in zip(window, said, strict=True):
        if one is not None:
            busy_us, elapsed_s = busy_us + one.busy_us, elapsed_s + one.elapsed_s
            continue
        for model in sample.models or ():
            if model.key == key and model.deltas is not None and sample.elapsed_s:
                estimate_us = estimated_busy_us(model.deltas)
                if estimate_us is not None:
                    busy_us, elapsed_s = busy_us + estimate_us, elapsed_s + sample.elapsed_s
    return min(1.0, busy_us / 1e6 / elapsed_s / counts[-1]) if elapsed_s > 0 else None


def _instances_of(key: ModelKey, sample: Sample) -> InstanceActivity | None:
    return next((one for one in sample.instances or () if one.key == key), None)


def _gpu_percent(window: Sequence[Sample]) -> float | None:
    percents: dict[str | int, list[int]] = {}
    for sample in window:
        for gpu in sample.gpus:
            if gpu.utilization_percent is not None:
                percents.setdefault(gpu.uuid or gpu.index, []).append(gpu.utilization_percent)
    return max((sum(values) / len(values) for values in percents.values()), default=None)


def _slowed_by(window: Sequence[Sample]) -> tuple[tuple[str, str], ...]:
    reasons = [
        [gpu.clocks_event_reasons for gpu in sample.gpus if gpu.clocks_event_reasons is not None]
        for sample in window
    ]
    known = [bits for bits in reasons if bits]
    return tuple(
        reason
        for bit, reason in SLOWED_BY.items()
        if known and 2 * sum(any(bits & bit for bits in one) for one in known) >= len(known)
    )


def _gateway(activities: Sequence[GatewayActivity]) -> GatewayFacts | None:
    if not activities:
        return None
    stages = {
        stage: _weighted((one.stage_ms.get(stage), one.request_count) for one in activities)
        for stage in (*PREPROCESSING, TRITON)
    }
    preprocessing = [ms for stage in PREPROCESSING if (ms := stages[stage]) is not None]
    in_flight = [one.in_flight_count for one in activities if one.in_flight_count is not None]
    return GatewayFacts(
        sum(one.elapsed_s for one in activities),
        _sum(one.request_count for one in activities),
        _sum(one.failure_count for one in activities),
        sum(one.rejected_counts.get(code, 0) for one in activities for code in WAITED_TOO_LONG),
        _weighted((one.total_ms, one.request_count) for one in activities),
        sum(preprocessing) if preprocessing else None,
        stages[TRITON],
        min(in_flight, default=None),
    )


def _workers(window: Sequence[Sample]) -> int | None:
    """All but gunicorn's parent, which does no work; a single process is its own worker."""
    counts = [
        reading.count
        for sample in window
        for reading in sample.processes
        if reading.role == GATEWAY and reading.count is not None
    ]
    return max(1, counts[-1] - 1) if counts else None


def _cpu_percents(window: Sequence[Sample]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for sample in window:
        for reading in sample.processes:
            if reading.cpu_percent is not None:
                found.setdefault(reading.role, []).append(reading.cpu_percent)
    return {role: sum(percents) / len(percents) for role, percents in found.items()}


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _weighted(values: Iterable[tuple[float | None, int | None]]) -> float | None:
    known = [(value, count) for value, count in values if value is not None and count]
    return (
        sum(value * count for value, count in known) / sum(c for _, c in known) if known else None
    )
