"""What a process that sends load has measured, and how it travels from a worker to the master."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from loadtest._load._samples import Samples


class CpuReading(NamedTuple):
    """CPU seconds a load-generating process has used since it began."""

    process: str
    at_s: float
    cpu_s: float


class Collector:
    """Keeps everything until it is drained (on a worker) or analysed (on the master)."""

    def __init__(self) -> None:
        self.samples = Samples()
        self.cpu: list[CpuReading] = []
        self.models: set[str] = set()
        # Of each process that last had frames under way: when the oldest of them began.
        self.under_way_since_s: dict[str, float | None] = {}

    def longest_under_way_ms(self, now_s: float) -> float | None:
        """How long the oldest frame that is not answered yet has been under way."""
        began_s = [at_s for at_s in self.under_way_since_s.values() if at_s is not None]
        return (now_s - min(began_s)) * 1000 if began_s else None

    def drain(self) -> dict[str, Any]:
        """Everything so far in what Locust can send, which is then forgotten here."""
        payload: dict[str, Any] = {
            "samples": self.samples.packed(),
            "cpu": [tuple(reading) for reading in self.cpu],
            "models": sorted(self.models),
            "under_way_since_s": dict(self.under_way_since_s),
        }
        self.clear()
        return payload

    def receive(self, payload: Mapping[str, Any]) -> None:
        self.samples.unpack(payload["samples"])
        self.cpu.extend(CpuReading(*row) for row in payload["cpu"])
        self.models.update(payload["models"])
        self.under_way_since_s.update(payload["under_way_since_s"])

    def clear(self) -> None:
        self.samples.clear()
        self.cpu.clear()
        self.models.clear()
        self.under_way_since_s.clear()
