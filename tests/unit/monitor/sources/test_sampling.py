from collections.abc import Iterator, Mapping

import pytest

from monitor.sample import GatewayActivity, GpuReading, ProcessReading
from monitor.sources.host import CpuTimes
from monitor.sources.http import ScrapeError
from monitor.sources.sampling import Sampler
from monitor.sources.triton import TritonSource
from tests.unit.monitor.sources.triton_text import triton_text

URL = "http://127.0.0.1:8002/metrics"


class Gpus:
    reason: str | None = "no driver"

    def read(self, now_s: float) -> tuple[GpuReading, ...]:
        return ()


class Triton:
    """Answers in turn; an exception among the answers is raised."""

    def __init__(self, *answers: str | Exception) -> None:
        self._answers = iter(answers)
        self.timeouts_s: list[float] = []

    def __call__(self, url: str, timeout_s: float) -> str:
        assert url == URL
        self.timeouts_s.append(timeout_s)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def clock(start_s: float) -> Iterator[float]:
    while True:
        yield start_s
        start_s += 0.5


def sampler(triton: Triton, interval_s: float = 1.0) -> Sampler:
    wall, monotonic = clock(1000.0), clock(10.0)
    cpu = iter([CpuTimes(10, 100), CpuTimes(35, 200), CpuTimes(35, 200), None])
    return Sampler(
        Gpus(),
        TritonSource(URL, None, triton, lambda: next(monotonic)),
        interval_s,
        wall=lambda: next(wall),
        monotonic=lambda: next(monotonic),
        cpu_times=lambda: next(cpu),
    )


def text(requests: int) -> str:
    return triton_text({"inference_request_success": requests}, pending=2)


def test_the_first_sample_is_a_baseline_with_reasons_for_what_is_missing() -> None:
    sample = sampler(Triton(text(100))).sample()
    assert sample.models is not None
    assert sample.deltas().request_count is None
    assert sample.pending_count() == 2
    assert sample.elapsed_s is None
    assert sample.missing == {
        "gpu": "no driver",
        "counters": "the first scrape is only a baseline",
        "host_cpu": "it takes two readings",
    }


def test_the_second_sample_speaks_of_the_time_between() -> None:
    own = sampler(Triton(text(100), text(107)))
    own.sample()
    sample = own.sample()
    assert sample.deltas().request_count == 7
    assert sample.elapsed_s == 1.0
    assert (sample.wall_s, sample.monotonic_s) == (1000.5, 11.0)
    assert sample.host_cpu_percent == 25.0
    assert sample.missing == {"gpu": "no driver"}


def test_a_failed_scrape_is_named_and_the_next_counts_from_before_it() -> None:
    own = sampler(Triton(text(100), ScrapeError("refused"), text(130)))
    own.sample()
    failed = own.sample()
    assert (failed.models, failed.elapsed_s) == (None, None)
    assert failed.missing["triton"] == "refused"
    back = own.sample()
    assert back.deltas().request_count == 30
    assert back.elapsed_s == 1.5


def test_nonsense_from_triton_is_named() -> None:
    sample = sampler(Triton("<html>{{{ not metrics")).sample()
    assert sample.missing["triton"] == f"{URL} answered something that is no metrics text"


def test_a_server_without_models_says_so() -> None:
    own = sampler(Triton("", ""))
    own.sample()
    sample = own.sample()
    assert sample.models == ()
    assert sample.missing["counters"] == "Triton reports no model"


@pytest.mark.parametrize(("interval_s", "timeout_s"), [(0.5, 0.4), (1.0, 0.8), (60.0, 2.0)])
def test_a_scrape_has_less_time_than_the_interval(interval_s: float, timeout_s: float) -> None:
    triton = Triton(text(1))
    sampler(triton, interval_s).sample()
    assert triton.timeouts_s == [pytest.approx(timeout_s)]


def test_processes_are_sampled_and_the_unknown_ones_named() -> None:
    class Watcher:
        def read(self, now_s: float) -> tuple[tuple[ProcessReading, ...], Mapping[str, str]]:
            return (ProcessReading("gateway", 140.0, 1, 3), ProcessReading("triton")), {
                "triton": "nobody listens"
            }

    triton = TritonSource(URL, None, Triton(text(1)))
    sample = Sampler(Gpus(), triton, 1.0, processes=Watcher()).sample()
    assert [reading.role for reading in sample.processes] == ["gateway", "triton"]
    assert sample.missing["processes.triton"] == "nobody listens"


@pytest.mark.parametrize("reason", [None, "refused"])
def test_the_gateway_has_the_time_that_triton_left(reason: str | None) -> None:
    activity = None if reason else GatewayActivity(1.0, 5)

    class Gateway:
        timeout_s = 0.0

        def read(self, timeout_s: float) -> tuple[GatewayActivity | None, str | None]:
            self.timeout_s = timeout_s
            return activity, reason

    gateway = Gateway()
    triton = TritonSource(URL, None, Triton(text(1)))
    stopwatch = iter([0.0, 0.1])
    own = Sampler(Gpus(), triton, 1.0, gateway=gateway, stopwatch=lambda: next(stopwatch))
    sample = own.sample()
    assert sample.gateway == activity
    assert sample.missing.get("gateway") == reason
    assert gateway.timeout_s == pytest.approx(0.7)
