from collections.abc import Sequence

from monitor.observation import Observation
from monitor.sample import FIRST_GATEWAY_SCRAPE, FIRST_SCRAPE, TWO_READINGS, GpuReading, Sample
from monitor.session import Diagnostics, run
from tests.unit.monitor.observed import observed


class Clock:
    """Time passes only while the loop waits or a sample is slow."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.stop_at_s = float("inf")

    def monotonic(self) -> float:
        return self.now_s

    def wait(self, timeout_s: float) -> bool:
        wake_s = self.now_s + max(timeout_s, 0.0)
        self.now_s = max(self.now_s, min(wake_s, self.stop_at_s))
        return self.now_s >= self.stop_at_s


class Source:
    def __init__(self, clock: Clock, takes_s: Sequence[float] = ()) -> None:
        self._clock = clock
        self._takes_s = list(takes_s)
        self.at_s: list[float] = []

    def sample(self) -> Sample:
        self.at_s.append(round(self._clock.now_s - 100.0, 6))
        sample = Sample(0.0, self._clock.now_s)
        self._clock.now_s += self._takes_s.pop(0) if self._takes_s else 0.01
        return sample


class Sink:
    def __init__(self) -> None:
        self.samples: list[Sample] = []

    def write(self, observation: Observation) -> None:
        self.samples.append(observation.sample)


def played(clock: Clock, source: Source, duration_s: float | None) -> int:
    sink = Sink()
    summary = run(
        source,
        observed,
        [sink],
        clock,
        interval_s=1.0,
        duration_s=duration_s,
        diagnostics=Diagnostics(lambda message: None),
        monotonic=clock.monotonic,
    )
    assert summary.sample_count == len(sink.samples) == len(source.at_s)
    return len(sink.samples)


def test_samples_keep_the_beat_and_end_with_the_duration() -> None:
    clock = Clock()
    source = Source(clock)
    played(clock, source, 3.5)
    assert source.at_s == [0.0, 1.0, 2.0, 3.0]
    assert clock.now_s == 103.5


def test_a_slow_sample_leaves_beats_out_and_catches_none_up() -> None:
    clock = Clock()
    source = Source(clock, [0.01, 2.4])
    played(clock, source, 5.0)
    assert source.at_s == [0.0, 1.0, 4.0, 5.0]


def test_a_signal_ends_the_wait() -> None:
    clock = Clock()
    clock.stop_at_s = 102.2
    source = Source(clock)
    played(clock, source, None)
    assert source.at_s == [0.0, 1.0, 2.0]
    assert clock.now_s == 102.2


def test_a_reason_is_said_once_until_it_changes_or_goes() -> None:
    said: list[str] = []
    diagnostics = Diagnostics(said.append)
    for missing in (
        {
            "triton": "refused",
            "counters": FIRST_SCRAPE,
            "host_cpu": TWO_READINGS,
            "gateway": FIRST_GATEWAY_SCRAPE,
        },
        {"triton": "refused"},
        {"triton": "timeout"},
        {},
        {},
        {"triton": "refused"},
    ):
        diagnostics.note(Sample(0.0, 0.0, missing=missing))
    assert said == [
        "no Triton metrics: refused",
        "no Triton metrics: timeout",
        "no longer: no Triton metrics",
        "no Triton metrics: refused",
    ]


def test_what_a_gpu_cannot_say_is_one_line_by_reason() -> None:
    said: list[str] = []
    gpu = GpuReading(
        1, missing={"power": "not supported", "energy": "not supported", "memory": "lost"}
    )
    diagnostics = Diagnostics(said.append)
    for _ in range(2):
        diagnostics.note(Sample(0.0, 0.0, (gpu,)))
    assert said == ["GPU 1 incomplete: not supported (power, energy); lost (memory)"]
