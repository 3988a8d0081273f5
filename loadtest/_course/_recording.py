"""Reads the monitor's recording into what the load tester needs of it."""

import functools
import operator
from collections.abc import Sequence
from pathlib import Path

from loadtest._analysis._machine import MachineReading, Recording
from monitor.output.recording import RecordingError, read
from monitor.sample import Sample


def read_recording(path: Path, complaint: str | None) -> Recording:
    """What can be read; a recording that cannot be is a reason, not an error of the run.

    Args:
        complaint: Why the recording may be short, if that is known already.
    """
    try:
        recording = read(path)
    except RecordingError as error:
        return Recording(reason=complaint or str(error).rstrip("."))
    gpus = tuple(str(gpu.get("name")) for gpu in recording.header.hardware.get("gpus", ()))
    samples = recording.samples
    cores = recording.header.hardware.get("cpu_count")
    return Recording(
        readings=tuple(
            _reading(before, sample)
            for before, sample in zip((None, *samples[:-1]), samples, strict=True)
        ),
        host_cpu_cores=cores if isinstance(cores, int) else None,
        gpus=gpus,
        reason=complaint,
    )


def _reading(before: Sample | None, sample: Sample) -> MachineReading:
    deltas = sample.deltas() if sample.models is not None else None
    powers_mw = [gpu.power_mw for gpu in sample.gpus if gpu.power_mw is not None]
    reasons = [
        gpu.clocks_event_reasons for gpu in sample.gpus if gpu.clocks_event_reasons is not None
    ]
    # Triton's counters tell of the time up to the sample: its middle is the moment they stand for.
    interval_s = sample.elapsed_s or 0.0
    return MachineReading(
        at_s=sample.wall_s - interval_s / 2,
        interval_s=interval_s,
        requests=deltas.request_count if deltas is not None else None,
        inferences=deltas.inference_count if deltas is not None else None,
        queue_ms=deltas.queue_ms if deltas is not None else None,
        infer_ms=deltas.infer_ms if deltas is not None else None,
        mean_batch=deltas.batch_size if deltas is not None else None,
        gpu_percent=_largest([gpu.utilization_percent for gpu in sample.gpus]),
        gpu_memory_ratio=_largest([gpu.memory_ratio for gpu in sample.gpus]),
        temperature_celsius=_largest([gpu.temperature_celsius for gpu in sample.gpus]),
        power_w=sum(powers_mw) / 1000 if powers_mw else None,
        energy_j=_energy_j(before, sample),
        pending=sample.pending_count(),
        batch_sizes=sample.batch_sizes,
        cpu_percents={
            reading.role: reading.cpu_percent
            for reading in sample.processes
            if reading.cpu_percent is not None
        },
        host_cpu_percent=sample.host_cpu_percent,
        process_counts={
            reading.role: reading.count for reading in sample.processes if reading.count is not None
        },
        clocks_event_reasons=functools.reduce(operator.or_, reasons) if reasons else None,
    )


def _energy_j(before: Sample | None, after: Sample) -> float | None:
    """What all GPUs used between two samples; None where one of them does not say."""
    earlier_mj = {gpu.uuid: gpu.energy_mj for gpu in before.gpus} if before is not None else {}
    used_mj = 0
    for gpu in after.gpus:
        first_mj = earlier_mj.get(gpu.uuid)
        # A counter that has started again says nothing of the interval.
        if first_mj is None or gpu.energy_mj is None or gpu.energy_mj < first_mj:
            return None
        used_mj += gpu.energy_mj - first_mj
    return used_mj / 1000 if after.gpus else None


def _largest(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
