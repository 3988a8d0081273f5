"""A whole session in two lines. Pure."""

from dataclasses import dataclass, field

from monitor.counters import Deltas, total
from monitor.sample import Sample


@dataclass
class _Series:
    count: int = 0
    sum: float = 0.0
    largest: float | None = None

    def add(self, value: float | None) -> None:
        if value is None:
            return
        self.count += 1
        self.sum += value
        self.largest = value if self.largest is None else max(self.largest, value)


@dataclass
class Summary:
    """Folds samples in as they come, so that a week of them costs no memory."""

    sample_count: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    deltas: Deltas = field(default_factory=Deltas)
    gpu_percent: _Series = field(default_factory=_Series)
    memory_mb: _Series = field(default_factory=_Series)
    temperature_celsius: _Series = field(default_factory=_Series)
    power_w: _Series = field(default_factory=_Series)
    gpu_reason: str | None = None

    def add(self, sample: Sample) -> None:
        if not self.sample_count:
            self.first_s = sample.monotonic_s
        self.sample_count += 1
        self.last_s = sample.monotonic_s
        self.deltas = total((self.deltas, sample.deltas()))
        self.gpu_reason = sample.missing.get("gpu")
        for gpu in sample.gpus:
            self.gpu_percent.add(gpu.utilization_percent)
            used, power_mw = gpu.memory_used_bytes, gpu.power_mw
            self.memory_mb.add(None if used is None else used // 2**20)
            self.temperature_celsius.add(gpu.temperature_celsius)
            self.power_w.add(None if power_mw is None else power_mw / 1000)

    def text(self) -> str:
        return f"{self._triton()}\n{self._gpu()}"

    def _triton(self) -> str:
        span = f"{self.sample_count} samples in {self.last_s - self.first_s:.0f} s"
        deltas = self.deltas
        if deltas.request_count is None:
            return f"{span}: Triton's requests are unknown"
        parts = [f"{deltas.request_count} requests"]
        if deltas.failure_count:
            parts.append(f"{deltas.failure_count} failed")
        if deltas.queue_ms is not None:
            parts.append(f"mean queue {deltas.queue_ms:.2f} ms")
        if deltas.infer_ms is not None:
            parts.append(f"mean inference {deltas.infer_ms:.2f} ms")
        if deltas.batch_size is not None:
            parts.append(f"mean batch {deltas.batch_size:.1f}")
        return f"{span}: {', '.join(parts)}"

    def _gpu(self) -> str:
        parts = []
        if self.gpu_percent.count:
            mean = self.gpu_percent.sum / self.gpu_percent.count
            parts.append(f"mean {mean:.0f} %, at most {self.gpu_percent.largest:.0f} %")
        if self.memory_mb.count:
            parts.append(f"memory at most {self.memory_mb.largest:.0f} MB")
        if self.temperature_celsius.count:
            parts.append(f"at most {self.temperature_celsius.largest:.0f} °C")
        if self.power_w.count:
            parts.append(f"mean {self.power_w.sum / self.power_w.count:.1f} W")
        if parts:
            return f"GPU: {', '.join(parts)}"
        return f"GPU: unknown ({self.gpu_reason or 'no GPU answered'})"
