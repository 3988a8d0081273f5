"""Observations as CSV: a row each, under a header row; an empty cell is unknown."""

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

from monitor.counters import per_s
from monitor.observation import Observation
from monitor.sample import GatewayActivity, GpuReading, ProcessReading, Sample

Value = str | int | float | None
STAGES = ("decode", "preprocess", "triton")
NO_GPU = GpuReading(index=0)


class CsvLines:
    """The first sample decides which GPUs and processes have columns.

    Each row is flushed, so that a reader may follow.
    """

    def __init__(self, stream: TextIO, *, with_header: bool = True) -> None:
        self._stream = stream
        self._writer = csv.writer(stream, lineterminator="\n")
        self._header_due = with_header
        self._columns: tuple[str, ...] | None = None

    def write(self, observation: Observation) -> None:
        values = cells(observation)
        if self._columns is None:
            self._columns = tuple(values)
            if self._header_due:
                self._writer.writerow(self._columns)
        self._writer.writerow([_text(values.get(column)) for column in self._columns])
        self._stream.flush()


def cells(observation: Observation) -> dict[str, Value]:
    """A row by the names of its columns."""
    sample = observation.sample
    row: dict[str, Value] = {
        "time": datetime.fromtimestamp(sample.wall_s, UTC).isoformat(timespec="milliseconds"),
        **_triton(sample),
        **_gateway(sample.gateway),
        "host_cpu_percent": sample.host_cpu_percent,
        "verdict": observation.verdict.level,
        "verdict_rule": observation.verdict.rule,
        "diagnosis": observation.diagnosis.code,
    }
    # A machine whose GPU answers later still has the columns of its first.
    for gpu in sample.gpus or (NO_GPU,):
        row |= _gpu(gpu)
    for reading in sample.processes:
        row |= _process(reading)
    return row


def _triton(sample: Sample) -> dict[str, Value]:
    deltas = sample.deltas()
    return {
        "elapsed_s": sample.elapsed_s,
        "request_count": sample.request_count(),
        "requests_per_s": per_s(sample.request_count(), sample.elapsed_s),
        "failure_count": deltas.failure_count,
        "inference_count": deltas.inference_count,
        "execution_count": deltas.execution_count,
        "queue_ms": deltas.queue_ms,
        "infer_ms": deltas.infer_ms,
        "batch_size": deltas.batch_size,
        "pending_count": sample.pending_count(),
        "in_flight": sample.in_flight(),
        "joules_per_inference": sample.joules_per_inference(),
    }


def _gateway(gateway: GatewayActivity | None) -> dict[str, Value]:
    known = gateway or GatewayActivity(elapsed_s=0.0)
    return {
        "gateway_request_count": known.request_count,
        "gateway_failure_count": known.failure_count,
        "gateway_rejected_count": None
        if gateway is None
        else sum(gateway.rejected_counts.values()),
        "gateway_in_flight_count": known.in_flight_count,
        "gateway_total_ms": known.total_ms,
        **{f"gateway_{stage}_ms": known.stage_ms.get(stage) for stage in STAGES},
    }


def _gpu(gpu: GpuReading) -> Mapping[str, Value]:
    name = f"gpu{gpu.index}" if gpu.mig_index is None else f"gpu{gpu.index}_part{gpu.mig_index}"
    return {
        f"{name}_uuid": gpu.uuid,
        f"{name}_percent": gpu.utilization_percent,
        f"{name}_memory_used_bytes": gpu.memory_used_bytes,
        f"{name}_memory_total_bytes": gpu.memory_total_bytes,
        f"{name}_temperature_celsius": gpu.temperature_celsius,
        f"{name}_power_w": None if gpu.power_mw is None else gpu.power_mw / 1000,
    }


def _process(reading: ProcessReading) -> Mapping[str, Value]:
    return {
        f"process_{reading.role}_cpu_percent": reading.cpu_percent,
        f"process_{reading.role}_rss_bytes": reading.rss_bytes,
    }


def _text(value: Value) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
