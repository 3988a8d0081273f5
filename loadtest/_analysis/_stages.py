"""Samples and stage windows in, stage results out; nothing here knows Locust."""

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from loadtest._analysis._metrics import Metric, summarise
from loadtest._course._plan import StageWindow
from loadtest._load._collector import CpuReading
from loadtest._load._samples import Sample, Samples


@dataclass(frozen=True)
class Measured:
    """What the requests of one stage, or of all stages, tell."""

    requests: int
    successful: int
    failures: dict[str, int]
    duration_s: float
    response_ms: Metric
    scheduled_ms: Metric
    decode_ms: Metric
    preprocess_ms: Metric
    triton_ms: Metric
    gateway_ms: Metric
    score: Metric

    @property
    def failed(self) -> int:
        return self.requests - self.successful

    @property
    def success_percent(self) -> float | None:
        return 100 * self.successful / self.requests if self.requests else None

    @property
    def achieved_per_s(self) -> float | None:
        """Good answers per second."""
        return self.successful / self.duration_s if self.duration_s > 0 else None


@dataclass(frozen=True)
class StageResult:
    window: StageWindow
    measured: Measured
    offered_per_s: float | None
    generator_cpu_percent: float | None
    samples: Collection[Sample] = field(default=(), repr=False)


def analyse(
    samples: Iterable[Sample],
    windows: Sequence[StageWindow],
    cpu: Sequence[CpuReading],
    *,
    think_time_s: float,
) -> list[StageResult]:
    """Give each sample to the stage in whose dwell its request began."""
    return [
        StageResult(
            window=window,
            measured=measure(of_stage, _duration_s(window, of_stage)),
            offered_per_s=None if window.kind == "burst" else window.users / think_time_s,
            generator_cpu_percent=busiest_percent(cpu, window),
            samples=of_stage,
        )
        for window, of_stage in zip(windows, _by_stage(samples, windows), strict=True)
    ]


def _by_stage(samples: Iterable[Sample], windows: Sequence[StageWindow]) -> list[Samples]:
    split = [Samples() for _ in windows]
    for sample in samples:
        for position, window in enumerate(windows):
            if window.holds(sample.started_s):
                split[position].append(sample)
                break
    return split


def _duration_s(window: StageWindow, samples: Collection[Sample]) -> float:
    if window.kind != "burst" or not samples:
        return window.duration_s
    # The window of a burst ends when somebody looks, the burst with its last answer.
    ended_s = max(sample.started_s + sample.response_ms / 1000 for sample in samples)
    return ended_s - min(sample.started_s for sample in samples)


def measure(samples: Iterable[Sample], duration_s: float) -> Measured:
    """Latencies are those of good answers: a quick refusal must not flatter the median."""
    failures: Counter[str] = Counter()
    # Numbers alone: samples are many.
    values = {name: array("d") for name in _SUMMARISED}
    successful = 0
    for sample in samples:
        if sample.failure is not None:
            failures[sample.failure] += 1
            continue
        successful += 1
        for name, known in values.items():
            value = getattr(sample, name)
            if value is not None:
                known.append(value)
    return Measured(
        requests=successful + failures.total(),
        successful=successful,
        failures=dict(failures.most_common()),
        duration_s=duration_s,
        **{name: summarise(known, _SUMMARISED[name]) for name, known in values.items()},
    )


_SUMMARISED = {
    "response_ms": "ms",
    "scheduled_ms": "ms",
    "decode_ms": "ms",
    "preprocess_ms": "ms",
    "triton_ms": "ms",
    "gateway_ms": "ms",
    "score": "ratio",
}


def overall(samples: Iterable[Sample], windows: Sequence[StageWindow]) -> Measured:
    """All stages taken together, without ramps and warm-ups."""
    inside = (s for s in samples if any(window.holds(s.started_s) for window in windows))
    return measure(inside, sum(window.duration_s for window in windows))


def busiest_percent(cpu: Sequence[CpuReading], window: StageWindow) -> float | None:
    """CPU of the busiest load-generating process over the stage, in percent of one core.

    The readings around the window's edges are used, so a short stage is not left without.
    """
    percents = []
    for process in {reading.process for reading in cpu}:
        own = sorted((r for r in cpu if r.process == process), key=lambda r: r.at_s)
        before = [r for r in own if r.at_s <= window.dwell_started_s]
        after = [r for r in own if r.at_s >= window.dwell_ended_s]
        first = before[-1] if before else own[0]
        last = after[0] if after else own[-1]
        if last.at_s > first.at_s:
            percents.append(100 * (last.cpu_s - first.cpu_s) / (last.at_s - first.at_s))
    return max(percents, default=None)


@dataclass(frozen=True)
class Moment:
    """One second of the run; latency is that of the answers to requests begun in it.

    Attributes:
        response_ms: their median.
    """

    at_s: float
    requests_per_s: float
    failures_per_s: float
    response_ms: float | None
    response_p95_ms: float | None = None


def timeline(samples: Iterable[Sample], *, from_s: float, to_s: float) -> list[Moment]:
    seconds = max(0, int(to_s - from_s))
    good_ms = [array("d") for _ in range(seconds)]
    failures = [0] * seconds
    for sample in samples:
        position = int(sample.started_s - from_s)
        if from_s <= sample.started_s and position < seconds:
            if sample.ok:
                good_ms[position].append(sample.response_ms)
            else:
                failures[position] += 1
    return [
        _moment(from_s + position + 0.5, good_ms[position], failures[position])
        for position in range(seconds)
    ]


def _moment(at_s: float, good_ms: Sequence[float], failures: int) -> Moment:
    response = summarise(good_ms, "ms")
    return Moment(
        at_s=at_s,
        requests_per_s=float(len(good_ms) + failures),
        failures_per_s=float(failures),
        response_ms=response.p50,
        response_p95_ms=response.p95,
    )
