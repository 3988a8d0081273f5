"""What one request tells, and how it travels from a worker to the master."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Sample(NamedTuple):
    """One request. Times are seconds since the epoch; durations are milliseconds."""

    started_s: float
    late_ms: float
    response_ms: float
    failure: str | None
    score: float | None
    decode_ms: float | None
    preprocess_ms: float | None
    triton_ms: float | None
    gateway_ms: float | None

    @property
    def ok(self) -> bool:
        return self.failure is None

    @property
    def intended_s(self) -> float:
        return self.started_s - self.late_ms / 1000

    @property
    def scheduled_ms(self) -> float:
        """Latency from when the frame was due, not from when it was sent."""
        return self.late_ms + self.response_ms


class CpuReading(NamedTuple):
    """CPU seconds a load-generating process has used since it began."""

    process: str
    at_s: float
    cpu_s: float


class Collector:
    """Keeps everything until it is drained (on a worker) or analysed (on the master)."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.cpu: list[CpuReading] = []
        self.models: set[str] = set()

    def drain(self) -> dict[str, list[Any]]:
        """Everything so far as plain lists, which are then forgotten here."""
        payload: dict[str, list[Any]] = {
            "samples": [tuple(sample) for sample in self.samples],
            "cpu": [tuple(reading) for reading in self.cpu],
            "models": sorted(self.models),
        }
        self.clear()
        return payload

    def receive(self, payload: Mapping[str, list[Any]]) -> None:
        self.samples.extend(Sample(*row) for row in payload["samples"])
        self.cpu.extend(CpuReading(*row) for row in payload["cpu"])
        self.models.update(payload["models"])

    def clear(self) -> None:
        self.samples.clear()
        self.cpu.clear()
        self.models.clear()
