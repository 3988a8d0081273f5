"""A whole session in a few lines. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.counters import Deltas, total
from monitor.observation import DiagnosisCode, Observation
from monitor.sample import Sample

# Of what was waited for, the most frequent.
MOST_DIAGNOSES = 2


@dataclass
class Series:
    count: int = 0
    sum: float = 0.0
    largest: float | None = None

    def add(self, value: float | None) -> None:
        if value is None:
            return
        self.count += 1
        self.sum += value
        self.largest = value if self.largest is None else max(self.largest, value)


@dataclass(frozen=True)
class _Row:
    """What is told of one number: its mean and its peak."""

    name: str
    unit: str
    digits: int = 0


ROWS: Mapping[str, _Row] = {
    "requests_per_s": _Row("requests", "per s", 1),
    "pending": _Row("waiting in Triton", "requests", 1),
    "in_flight": _Row("inside Triton", "requests", 1),
    "queue_ms": _Row("queue", "ms", 2),
    "infer_ms": _Row("inference", "ms", 2),
    "batch_size": _Row("batch", "pictures", 1),
    "gateway_ms": _Row("in the gateway", "ms", 2),
    "host_cpu": _Row("processors", "%"),
    "gpu_percent": _Row("GPU", "%"),
    "gpu_memory": _Row("GPU memory", "MB"),
    "temperature": _Row("GPU temperature", "°C"),
    "power": _Row("GPU power", "W", 1),
}


@dataclass
class Summary:
    """Folds samples in as they come, so that a week of them costs no memory.

    Means of queue, inference and batch are over requests and executions; every other mean is over
    samples. Peaks are those of one interval.
    """

    sample_count: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    request_count: int | None = None
    failure_count: int | None = None
    rejected_count: int = 0
    energy_mj: int | None = None
    deltas: Deltas = field(default_factory=Deltas)
    series: dict[str, Series] = field(default_factory=lambda: {name: Series() for name in ROWS})
    levels: dict[str, int] = field(default_factory=dict)
    diagnoses: Counter[DiagnosisCode] = field(default_factory=Counter)
    sentences: dict[DiagnosisCode, str] = field(default_factory=dict)
    gpu_reason: str | None = None

    def add(self, observation: Observation) -> None:
        sample, level = observation.sample, observation.verdict.level
        if not self.sample_count:
            self.first_s = sample.monotonic_s
        self.sample_count += 1
        self.last_s = sample.monotonic_s
        self.levels[level] = self.levels.get(level, 0) + 1
        self.diagnoses[observation.diagnosis.code] += 1
        self.sentences[observation.diagnosis.code] = observation.diagnosis.sentence
        self.gpu_reason = sample.missing.get("gpu")
        self._add_triton(sample)
        self._add_gateway(sample)
        self.series["host_cpu"].add(sample.host_cpu_percent)
        self._add_gpus(sample)

    def _add_triton(self, sample: Sample) -> None:
        deltas, requests = sample.deltas(), sample.request_count()
        self.deltas = total((self.deltas, deltas))
        self.request_count = _sum(self.request_count, requests)
        self.failure_count = _sum(self.failure_count, deltas.failure_count)
        if requests is not None and sample.elapsed_s:
            self.series["requests_per_s"].add(requests / sample.elapsed_s)
        self.series["pending"].add(sample.pending_count())
        self.series["in_flight"].add(sample.in_flight())
        self.series["queue_ms"].add(deltas.queue_ms)
        self.series["infer_ms"].add(deltas.infer_ms)
        self.series["batch_size"].add(deltas.batch_size)

    def _add_gateway(self, sample: Sample) -> None:
        if sample.gateway is not None:
            self.rejected_count += sum(sample.gateway.rejected_counts.values())
            self.series["gateway_ms"].add(sample.gateway.total_ms)

    def _add_gpus(self, sample: Sample) -> None:
        for gpu in sample.gpus:
            if gpu.mig_index is not None:
                continue
            used, power_mw = gpu.memory_used_bytes, gpu.power_mw
            self.energy_mj = _sum(self.energy_mj, gpu.interval_energy_mj)
            self.series["gpu_percent"].add(gpu.utilization_percent)
            self.series["gpu_memory"].add(None if used is None else used // 2**20)
            self.series["temperature"].add(gpu.temperature_celsius)
            self.series["power"].add(None if power_mw is None else power_mw / 1000)

    def text(self) -> str:
        lines = [self._counts()]
        told = [
            (row, mean, self.series[name].largest)
            for name, row in ROWS.items()
            if (mean := self._mean(name)) is not None
        ]
        if told:
            lines.append(f"{'':20}{'mean':>10}{'peak':>10}")
        for row, mean, largest in told:
            peak = "-" if largest is None else f"{largest:.{row.digits}f}"
            lines.append(f"{row.name:20}{mean:>10.{row.digits}f}{peak:>10} {row.unit}")
        if self.energy_mj is not None:
            lines.append(self._energy(self.energy_mj))
        elif not self.series["gpu_percent"].count and not self.series["power"].count:
            lines.append(f"GPU: unknown ({self.gpu_reason or 'no GPU answered'})")
        return "\n".join([*lines, self._verdicts(), *self._waiting()])

    def _counts(self) -> str:
        span = f"{self.sample_count} samples in {self.last_s - self.first_s:.0f} s"
        if self.request_count is None:
            return f"{span}: Triton's requests are unknown"
        text = f"{span}: {self.request_count} requests"
        if self.failure_count:
            text += f", {self.failure_count} failed in Triton"
        if self.rejected_count:
            text += f", {self.rejected_count} turned away by the gateway"
        return text

    def _mean(self, name: str) -> float | None:
        """Over requests where that is what the number is of, else over samples."""
        if name in ("queue_ms", "infer_ms", "batch_size"):
            mean: float | None = getattr(self.deltas, name)
            return mean
        series = self.series[name]
        return series.sum / series.count if series.count else None

    def _energy(self, energy_mj: int) -> str:
        joules = energy_mj / 1000
        inferences = self.deltas.inference_count
        each = f", {joules / inferences:.3f} J per inference" if inferences else ""
        return f"GPU energy: {joules:.0f} J ({joules / 3600:.2f} Wh){each}"

    def _verdicts(self) -> str:
        order = ("overloaded", "degraded", "healthy", "unknown")
        shares = [
            f"{level} {100 * self.levels[level] / self.sample_count:.0f} %"
            for level in order
            if level in self.levels
        ]
        return f"Verdict: {', '.join(shares) or 'unknown'}"

    def _waiting(self) -> list[str]:
        """What was most often waited for, as it was said last."""
        known = Counter(self.diagnoses)
        del known["insufficient_evidence"]
        return [
            f"Waiting, {100 * count / self.sample_count:.0f} % of the time: {self.sentences[code]}"
            for code, count in known.most_common(MOST_DIAGNOSES)
        ]


def _sum(so_far: int | None, more: int | None) -> int | None:
    return so_far if more is None else (so_far or 0) + more
