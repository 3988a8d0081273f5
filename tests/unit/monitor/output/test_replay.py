import math

import pytest

from monitor.observation import Observation
from monitor.output.recording import Header, Recording
from monitor.output.replay import replay
from monitor.sample import Sample
from tests.unit.monitor.output.made import DIAGNOSIS, HEALTHY


class Clock:
    """Time passes only in waiting; a signal comes at `stop_at_s`."""

    def __init__(self, stop_at_s: float = math.inf) -> None:
        self.now_s = 0.0
        self.stop_at_s = stop_at_s

    def monotonic(self) -> float:
        return self.now_s

    def wait(self, timeout_s: float) -> bool:
        self.now_s = min(self.now_s + max(timeout_s, 0.0), self.stop_at_s)
        return self.now_s >= self.stop_at_s


class Sink:
    """Notes when each sample came; drawing takes a while."""

    def __init__(self, clock: Clock, takes_s: float = 0.0) -> None:
        self._clock = clock
        self._takes_s = takes_s
        self.shown: list[tuple[float, float]] = []

    def write(self, observation: Observation) -> None:
        self.shown.append((round(self._clock.now_s, 6), observation.sample.wall_s))
        self._clock.now_s += self._takes_s


def observe(sample: Sample) -> Observation:
    return Observation(sample, HEALTHY, DIAGNOSIS)


def played(
    *at_s: float, speed: float = 1.0, stop_at_s: float = math.inf, takes_s: float = 0.0
) -> list[tuple[float, float]]:
    samples = tuple(Sample(1000.0 + number, each_s) for number, each_s in enumerate(at_s))
    recording = Recording(Header(1, {}, 1.0, ""), samples)
    clock = Clock(stop_at_s)
    sink = Sink(clock, takes_s)
    summary = replay(
        recording, [sink], clock, speed=speed, observe=observe, monotonic=clock.monotonic
    )
    assert summary.sample_count == len(sink.shown)
    return sink.shown


def test_samples_come_at_the_pace_they_were_taken_at_and_with_their_own_times() -> None:
    assert played(50.0, 51.0, 53.5) == [(0.0, 1000.0), (1.0, 1001.0), (3.5, 1002.0)]


def test_twice_the_speed_is_half_the_time() -> None:
    assert [at_s for at_s, _ in played(50.0, 51.0, 53.0, speed=2.0)] == [0.0, 0.5, 1.5]


def test_without_end_of_speed_nothing_is_waited_for() -> None:
    assert [at_s for at_s, _ in played(0.0, 1.0, 3600.0, speed=math.inf)] == [0.0, 0.0, 0.0]


def test_a_long_gap_is_cut_to_five_intervals_and_a_restarted_clock_to_none() -> None:
    assert [at_s for at_s, _ in played(0.0, 3600.0, 10.0, 11.0)] == [0.0, 5.0, 5.0, 6.0]


def test_the_time_drawing_takes_is_no_delay() -> None:
    assert [at_s for at_s, _ in played(0.0, 1.0, 2.0, takes_s=0.4)] == [0.0, 1.0, 2.0]


def test_a_signal_ends_it_in_the_middle_of_a_wait() -> None:
    assert [at_s for at_s, _ in played(0.0, 1.0, 2.0, 3.0, stop_at_s=1.5)] == [0.0, 1.0]


def test_a_recording_without_samples_shows_nothing() -> None:
    assert played() == []


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="a speed must be above 0"):
        played(0.0, speed=speed)
