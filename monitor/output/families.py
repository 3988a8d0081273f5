"""An observation as Prometheus metric families: gauges in base units. Pure.

What is unknown has no series, so that no invented zero is ever averaged or alerted on.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, get_args

from prometheus_client.metrics_core import GaugeMetricFamily

from monitor.counters import Deltas, ModelKey, per_s
from monitor.judgement.verdict import Level
from monitor.observation import DiagnosisCode, Growth, Observation
from monitor.sample import GatewayActivity, GpuReading, Sample

PREFIX = "framegate_monitor_"

T = TypeVar("T")
Labelled = Iterable[tuple[Sequence[str], T]]


@dataclass(frozen=True)
class Gauge(Generic[T]):
    """`name` without the prefix; `value` is None where the series is to be absent."""

    name: str
    help: str
    value: Callable[[T], float | None]


@dataclass(frozen=True)
class _Model:
    deltas: Deltas
    elapsed_s: float | None
    pending_count: int | None
    busy_ratio: float | None


MODEL_GAUGES: tuple[Gauge[_Model], ...] = (
    Gauge(
        "model_queue_seconds",
        "Mean time in the queue of a request that was answered in the last interval.",
        lambda model: _seconds(model.deltas.queue_ms),
    ),
    Gauge(
        "model_compute_infer_seconds",
        "Mean inference time of a request that was computed in the last interval.",
        lambda model: _seconds(model.deltas.infer_ms),
    ),
    Gauge(
        "model_mean_batch_size",
        "Inferences per execution in the last interval.",
        lambda model: model.deltas.batch_size,
    ),
    Gauge(
        "model_requests_per_second",
        "Requests answered in the last interval.",
        lambda model: per_s(model.deltas.request_count, model.elapsed_s),
    ),
    Gauge(
        "model_failures_per_second",
        "Requests that failed in the last interval.",
        lambda model: per_s(model.deltas.failure_count, model.elapsed_s),
    ),
    Gauge(
        "model_pending_requests",
        "Requests waiting for an instance at the last scrape.",
        lambda model: model.pending_count,
    ),
    Gauge(
        "model_in_flight_requests",
        "Mean number of requests inside Triton in the last interval, by Little's law.",
        lambda model: model.deltas.in_flight(model.elapsed_s),
    ),
    Gauge(
        "model_instances_busy_ratio",
        "Share of the last interval in which the model's instances computed.",
        lambda model: model.busy_ratio,
    ),
)
GPU_GAUGES: tuple[Gauge[GpuReading], ...] = (
    Gauge(
        "gpu_utilization_ratio",
        "Share of time in which at least one kernel ran.",
        lambda gpu: None if gpu.utilization_percent is None else gpu.utilization_percent / 100,
    ),
    Gauge("gpu_memory_used_bytes", "Memory in use.", lambda gpu: gpu.memory_used_bytes),
    Gauge("gpu_memory_total_bytes", "Memory there is.", lambda gpu: gpu.memory_total_bytes),
    Gauge(
        "gpu_power_watts",
        "Power drawn.",
        lambda gpu: None if gpu.power_mw is None else gpu.power_mw / 1000,
    ),
    Gauge(
        "gpu_power_limit_watts",
        "Past it the card slows itself down.",
        lambda gpu: None if gpu.power_limit_mw is None else gpu.power_limit_mw / 1000,
    ),
    Gauge("gpu_temperature_celsius", "Temperature.", lambda gpu: gpu.temperature_celsius),
)
GATEWAY_GAUGES: tuple[Gauge[GatewayActivity], ...] = (
    Gauge(
        "gateway_request_seconds",
        "Mean time of a request in the gateway in the last interval.",
        lambda gateway: _seconds(gateway.total_ms),
    ),
    Gauge(
        "gateway_requests_per_second",
        "Pictures the gateway was asked about in the last interval.",
        lambda gateway: per_s(gateway.request_count, gateway.elapsed_s),
    ),
    Gauge(
        "gateway_failures_per_second",
        "Pictures the gateway answered with a status from 500 on in the last interval.",
        lambda gateway: per_s(gateway.failure_count, gateway.elapsed_s),
    ),
    Gauge(
        "gateway_in_flight_requests",
        "Requests in the gateway at the last scrape.",
        lambda gateway: gateway.in_flight_count,
    ),
)


def observed(observation: Observation) -> Iterator[GaugeMetricFamily]:
    """Everything but `up` and the age, which outlive the observation."""
    sample = observation.sample
    yield from _families(MODEL_GAUGES, ("model", "version"), list(_models(sample)))
    yield from _families(
        GPU_GAUGES, ("uuid", "index"), [((gpu.uuid or "", gpu.place), gpu) for gpu in sample.gpus]
    )
    gateway = sample.gateway
    if gateway is not None:
        yield from _families(GATEWAY_GAUGES, (), [((), gateway)])
        yield from _families(
            (_value("gateway_stage_seconds", "Mean time of a stage of the gateway's work."),),
            ("stage",),
            [((stage,), ms / 1000) for stage, ms in gateway.stage_ms.items()],
        )
    yield from _families(
        (_value("joules_per_inference", "Energy of all GPUs per inference in the last interval."),),
        (),
        [((), sample.joules_per_inference())],
    )
    yield from _states(
        "verdict", "The level that applies.", "level", get_args(Level), observation.verdict.level
    )
    yield from _states(
        "diagnosis",
        "What is waited for.",
        "code",
        get_args(DiagnosisCode),
        observation.diagnosis.code,
    )
    growth: Gauge[Growth] = Gauge(
        "memory_growth_bytes_per_hour",
        "Trend of memory that keeps growing.",
        lambda growing: growing.bytes_per_hour,
    )
    yield from _families((growth,), ("what",), [((g.what,), g) for g in observation.growths])


def up(answered: dict[str, bool]) -> Iterator[GaugeMetricFamily]:
    yield from _families(
        (_value("up", "1 where the source answered the last sample, 0 where it did not."),),
        ("source",),
        [((source,), float(is_up)) for source, is_up in answered.items()],
    )


def age(age_s: float) -> Iterator[GaugeMetricFamily]:
    yield from _families(
        (_value("sample_age_seconds", "Time since the last sample was taken."),), (), [((), age_s)]
    )


def answered(sample: Sample) -> dict[str, bool]:
    """By source; the gateway is among them only where it was asked."""
    sources = {
        "triton": sample.models is not None,
        "gpu": bool(sample.gpus) and "gpu" not in sample.missing,
    }
    if sample.gateway is not None or "gateway" in sample.missing:
        sources["gateway"] = sample.gateway is not None
    return sources


def _families(
    gauges: Iterable[Gauge[T]], label_names: Sequence[str], readings: Labelled[T]
) -> Iterator[GaugeMetricFamily]:
    for gauge in gauges:
        # By their labels: a series that is there twice would make the whole scrape invalid.
        series = {tuple(labels): gauge.value(reading) for labels, reading in readings}
        family = GaugeMetricFamily(PREFIX + gauge.name, gauge.help, labels=label_names)
        for labels, value in series.items():
            if value is not None:
                family.add_metric(labels, value)
        if family.samples:
            yield family


def _value(name: str, text: str) -> Gauge[float | None]:
    return Gauge(name, text, lambda value: value)


def _states(
    name: str, text: str, label: str, states: Iterable[str], current: str
) -> Iterator[GaugeMetricFamily]:
    yield from _families(
        (_value(name, f"{text} 1 for it, 0 for the others."),),
        (label,),
        [((state,), float(state == current)) for state in states],
    )


def _models(sample: Sample) -> Iterator[tuple[ModelKey, _Model]]:
    busy = {one.key: one.busy_ratio for one in sample.instances or ()}
    for model in sample.models or ():
        deltas = model.deltas or Deltas()
        yield (
            model.key,
            _Model(deltas, sample.elapsed_s, model.pending_count, busy.get(model.key)),
        )


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000
