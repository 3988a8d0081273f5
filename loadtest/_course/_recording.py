"""Reads the monitor's recording into what the load tester needs of it."""

from collections.abc import Sequence
from pathlib import Path

from loadtest._analysis._machine import MachineReading, Recording
from monitor.recording import RecordingError, read
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
    return Recording(
        readings=tuple(_reading(sample) for sample in recording.samples),
        gpus=gpus,
        reason=complaint,
    )


def _reading(sample: Sample) -> MachineReading:
    deltas = sample.deltas() if sample.models is not None else None
    powers_mw = [gpu.power_mw for gpu in sample.gpus if gpu.power_mw is not None]
    # Triton's counters tell of the time up to the sample: its middle is the moment they stand for.
    return MachineReading(
        at_s=sample.wall_s - (sample.elapsed_s or 0.0) / 2,
        requests=deltas.request_count if deltas is not None else None,
        queue_ms=deltas.queue_ms if deltas is not None else None,
        infer_ms=deltas.infer_ms if deltas is not None else None,
        mean_batch=deltas.batch_size if deltas is not None else None,
        gpu_percent=_largest([gpu.utilization_percent for gpu in sample.gpus]),
        gpu_memory_ratio=_largest([gpu.memory_ratio for gpu in sample.gpus]),
        temperature_celsius=_largest([gpu.temperature_celsius for gpu in sample.gpus]),
        power_w=sum(powers_mw) / 1000 if powers_mw else None,
    )


def _largest(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
