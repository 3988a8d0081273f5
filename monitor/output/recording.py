"""Samples as JSON lines: a header frame, then a frame a sample; null is unknown."""

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO, TypeVar

from monitor.counters import Deltas, ModelActivity, ModelKey
from monitor.observation import Observation
from monitor.output.frame_types import checked
from monitor.sample import (
    GatewayActivity,
    GpuReading,
    InstanceActivity,
    ProcessReading,
    Sample,
)

SCHEMA_VERSION = 1

T = TypeVar("T")


class RecordingError(Exception):
    """Not a recording this version can read. The text names the file and the line."""


@dataclass(frozen=True)
class Header:
    """`hardware` has cpu_count, machine and gpus (index, uuid, name, memory_total_bytes each)."""

    schema_version: int
    hardware: Mapping[str, Any]
    interval_s: float
    started: str


@dataclass(frozen=True)
class Recording:
    """`cut_off` is true when the last line was not finished, as after a power cut."""

    header: Header
    samples: tuple[Sample, ...]
    cut_off: bool = False


def header_for(first: Sample, interval_s: float) -> Header:
    gpus = [
        {
            "index": gpu.index,
            "uuid": gpu.uuid,
            "name": gpu.name,
            "memory_total_bytes": gpu.memory_total_bytes,
        }
        for gpu in first.gpus
    ]
    hardware = {"cpu_count": os.cpu_count(), "machine": platform.machine(), "gpus": gpus}
    started = datetime.fromtimestamp(first.wall_s, UTC).isoformat(timespec="milliseconds")
    return Header(SCHEMA_VERSION, hardware, interval_s, started)


class Recorder:
    """Writes whole lines, each flushed, so that a reader may follow and a kill costs one line."""

    def __init__(self, stream: TextIO, interval_s: float, *, with_header: bool = True) -> None:
        self._stream = stream
        self._interval_s = interval_s
        self._header_due = with_header

    def write(self, observation: Observation) -> None:
        if self._header_due:
            self._header_due = False
            header = header_for(observation.sample, self._interval_s)
            self._line({"type": "header", **asdict(header)})
        self._line(observation_frame(observation))

    def _line(self, frame: Mapping[str, Any]) -> None:
        self._stream.write(json.dumps(frame, ensure_ascii=False, allow_nan=False) + "\n")
        self._stream.flush()


def observation_frame(observation: Observation) -> dict[str, Any]:
    """A sample and what it meant then; `read` takes the sample alone, and it is judged anew."""
    return {
        **sample_frame(observation.sample),
        "verdict": asdict(observation.verdict),
        "diagnosis": asdict(observation.diagnosis),
        "growths": [asdict(growth) for growth in observation.growths],
    }


def sample_frame(sample: Sample) -> dict[str, Any]:
    """The totals are there for whoever reads without this module; `read` ignores them."""
    totals = sample.deltas()
    return {
        "type": "sample",
        "wall_s": sample.wall_s,
        "monotonic_s": sample.monotonic_s,
        "host_cpu_percent": sample.host_cpu_percent,
        "gpus": [{**asdict(gpu), "memory_ratio": gpu.memory_ratio} for gpu in sample.gpus],
        "triton": {
            "elapsed_s": sample.elapsed_s,
            "request_count": sample.request_count(),
            "failure_count": totals.failure_count,
            "queue_ms": totals.queue_ms,
            "infer_ms": totals.infer_ms,
            "batch_size": totals.batch_size,
            "pending_count": sample.pending_count(),
            "in_flight": sample.in_flight(),
            "joules_per_inference": sample.joules_per_inference(),
            "batch_sizes": sample.batch_sizes,
            "instances": None
            if sample.instances is None
            else [_instances_frame(instances) for instances in sample.instances],
            "models": None
            if sample.models is None
            else [_model_frame(model) for model in sample.models],
        },
        "gateway": None if sample.gateway is None else asdict(sample.gateway),
        "processes": [asdict(reading) for reading in sample.processes],
        "missing": dict(sample.missing),
    }


def _model_frame(activity: ModelActivity) -> dict[str, Any]:
    return {
        "model": activity.key.model,
        "version": activity.key.version,
        "pending_count": activity.pending_count,
        "deltas": None if activity.deltas is None else asdict(activity.deltas),
        "steps": list(activity.steps),
    }


def _instances_frame(activity: InstanceActivity) -> dict[str, Any]:
    frame = asdict(activity) | {"busy_ratio": activity.busy_ratio}
    del frame["key"]
    return {"model": activity.key.model, "version": activity.key.version, **frame}


def read(path: Path | str) -> Recording:
    """A whole recording, or what there is of one that is still being written.

    Raises:
        RecordingError: no such file, no header, another schema version, or a broken line other
            than the last.
    """
    try:
        lines = Path(path).read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror}.") from error
    frames: list[dict[str, Any]] = []
    cut_off = False
    for number, line in enumerate(lines, start=1):
        try:
            frame = json.loads(line)
            if not isinstance(frame, dict):
                raise ValueError("not an object")
            frames.append(frame)
        except ValueError as error:
            if number == len(lines) and not line.endswith(b"\n"):
                cut_off = True
                break
            raise RecordingError(f"{path}, line {number} is not a frame: {error}.") from error
    if not frames or frames[0].get("type") != "header":
        raise RecordingError(f"{path} does not begin with a header frame.")
    version = frames[0].get("schema_version")
    if version != SCHEMA_VERSION:
        raise RecordingError(
            f"{path} has schema version {version}; this monitor reads {SCHEMA_VERSION}."
        )
    header: Header | None = None
    samples: list[Sample] = []
    for number, frame in enumerate(frames, start=1):
        try:
            if number == 1:
                header = _build(Header, frame)
            elif frame.get("type") == "sample":
                samples.append(_sample(frame))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RecordingError(
                f"{path}, line {number} is not as it should be: {error}."
            ) from error
    assert header is not None
    return Recording(header, tuple(samples), cut_off)


def _sample(frame: Mapping[str, Any]) -> Sample:
    triton = frame["triton"]
    models = triton["models"]
    # Recordings of before have none of these.
    batch_sizes, processes = triton.get("batch_sizes"), frame.get("processes", ())
    instances, gateway = triton.get("instances"), frame.get("gateway")
    sample = Sample(
        wall_s=frame["wall_s"],
        monotonic_s=frame["monotonic_s"],
        gpus=tuple(_build(GpuReading, gpu) for gpu in frame["gpus"]),
        models=None if models is None else tuple(_model(model) for model in models),
        elapsed_s=triton["elapsed_s"],
        host_cpu_percent=frame["host_cpu_percent"],
        missing=frame["missing"],
        # JSON's keys are text.
        batch_sizes=None
        if batch_sizes is None
        else {int(size): count for size, count in batch_sizes.items()},
        processes=tuple(_build(ProcessReading, reading) for reading in processes),
        instances=None if instances is None else tuple(map(_instances, instances)),
        gateway=None if gateway is None else _build(GatewayActivity, gateway),
    )
    return checked(sample)


def _model(frame: Mapping[str, Any]) -> ModelActivity:
    deltas = frame["deltas"]
    activity = ModelActivity(
        ModelKey(frame["model"], frame["version"]),
        frame["pending_count"],
        None if deltas is None else _build(Deltas, deltas),
        tuple(frame.get("steps", ())),
    )
    return checked(activity)


def _instances(frame: Mapping[str, Any]) -> InstanceActivity:
    key = ModelKey(frame["model"], frame["version"])
    return _build(InstanceActivity, {**frame, "key": key})


def _build(kind: type[T], frame: Mapping[str, Any]) -> T:
    """Only the fields this version knows: a later one may have added some."""
    known = {entry.name for entry in fields(kind)}  # type: ignore[arg-type]
    return checked(kind(**{name: value for name, value in frame.items() if name in known}))
