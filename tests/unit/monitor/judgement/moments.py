"""Samples of a system that does the same thing in every interval."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from monitor.counters import Deltas, ModelActivity, ModelKey
from monitor.sample import (
    GatewayActivity,
    GpuReading,
    InstanceActivity,
    ProcessReading,
    Sample,
)

SCORER = ModelKey("scorer", "1")
INTERVAL_S = 1.0


def activity(
    key: ModelKey = SCORER,
    *,
    requests: int = 100,
    queue_ms: float = 0.1,
    input_ms: float = 0.1,
    infer_ms: float = 5.0,
    batch: int = 1,
    pending: int | None = 0,
    rejected: int = 0,
    failed: int = 0,
) -> ModelActivity:
    """Times are those of a request, which all of a batch are charged."""
    request_us = round(requests * (queue_ms + input_ms + infer_ms) * 1000)
    deltas = Deltas(
        request_count=requests,
        failure_counts={"REJECTED": rejected, "OTHER": failed},
        inference_count=requests,
        execution_count=requests // batch,
        request_us=request_us,
        queue_us=round(requests * queue_ms * 1000),
        compute_input_us=round(requests * input_ms * 1000),
        compute_infer_us=round(requests * infer_ms * 1000),
        compute_output_us=0,
    )
    return ModelActivity(key, pending, deltas)


def busy(ratio: float, key: ModelKey = SCORER, count: int = 2) -> InstanceActivity:
    return InstanceActivity(key, round(ratio * count * INTERVAL_S * 1e6), INTERVAL_S, count)


def gpu(percent: int = 20, reasons: int = 0) -> GpuReading:
    return GpuReading(0, "GPU-a", utilization_percent=percent, clocks_event_reasons=reasons)


def gateway(
    *,
    requests: int = 100,
    failures: int = 0,
    rejected: Mapping[str, int] | None = None,
    total_ms: float = 10.0,
    decode_ms: float = 1.0,
    preprocess_ms: float = 1.0,
    triton_ms: float = 6.0,
    in_flight: int = 1,
) -> GatewayActivity:
    stages = {"decode": decode_ms, "preprocess": preprocess_ms, "triton": triton_ms}
    return GatewayActivity(
        INTERVAL_S, requests, failures, rejected or {}, total_ms, stages, in_flight
    )


def processes(
    *, gateway_percent: float | None = 20.0, triton_percent: float = 20.0, count: int = 3
) -> tuple[ProcessReading, ...]:
    return (
        ProcessReading("gateway", gateway_percent, 200 * 2**20, count),
        ProcessReading("triton", triton_percent, 400 * 2**20, 4),
    )


def moment(number: int = 0, **known: Any) -> Sample:
    """A sample; `models` is one quiet model where nothing else is given."""
    at_s = number * INTERVAL_S
    quiet = Sample(1_000_000.0 + at_s, at_s, models=(activity(),), elapsed_s=INTERVAL_S)
    return replace(quiet, **known)


def window(count: int = 8, **known: Any) -> list[Sample]:
    return [moment(number, **known) for number in range(count)]
