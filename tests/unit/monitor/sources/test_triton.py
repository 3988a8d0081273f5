import itertools
import json
from collections.abc import Mapping

import pytest

from monitor.counters import ModelKey
from monitor.sample import InstanceActivity, Sample
from monitor.sources.http import ScrapeError
from monitor.sources.triton import TritonReading, TritonSource
from tests.unit.monitor.sources.triton_text import statistics_text, triton_text

BASE = "http://127.0.0.1:8003"
METRICS = "http://127.0.0.1:8002/metrics"
STATISTICS = f"{BASE}/v2/models/stats"
CONFIG = f"{BASE}/v2/models/capture_quality/versions/1/config"
KEY = ModelKey("capture_quality", "1")
TWO_INSTANCES = json.dumps({"instance_group": [{"count": 2, "kind": "KIND_CPU"}]})

Answer = str | Exception


class Server:
    """Answers each address in turn, with the last answer over and over."""

    def __init__(self, answers: Mapping[str, list[Answer]]) -> None:
        self._answers = {url: list(those) for url, those in answers.items()}
        self.asked: list[str] = []
        self.timeouts_s: list[float] = []

    def __call__(self, url: str, timeout_s: float) -> str:
        self.asked.append(url)
        self.timeouts_s.append(timeout_s)
        those = self._answers[url]
        answer = those.pop(0) if len(those) > 1 else those[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def source(server: Server) -> TritonSource:
    clock = itertools.count(10.0, 0.25)
    return TritonSource(METRICS, STATISTICS, server, lambda: next(clock), lambda: 0.0)


def sample_of(reading: TritonReading) -> Sample:
    return Sample(0.0, 0.0, models=reading.models, elapsed_s=reading.elapsed_s)


def test_batch_sizes_are_those_since_the_reading_before() -> None:
    server = Server(
        {
            METRICS: [triton_text({"inference_request_success": 1})],
            CONFIG: [TWO_INSTANCES],
            STATISTICS: [
                statistics_text({1: 5}),
                statistics_text({1: 6, 8: 2}),
                ScrapeError("refused"),
                "nonsense",
                statistics_text({1: 9, 8: 2}),
            ],
        }
    )
    own = source(server)
    readings = [own.read(0.4) for _ in range(5)]
    sizes = [reading.batch_sizes for reading in readings]
    assert sizes == [None, {1: 1, 8: 2}, None, None, {1: 3}]
    assert "batch_sizes" not in readings[0].missing
    assert readings[2].missing["batch_sizes"] == "refused"
    assert readings[3].missing["batch_sizes"] == (
        f"{STATISTICS} answered something that is no statistics"
    )
    # The first leaves time for the second, which has all that the first did not need.
    assert server.timeouts_s[-2:] == [pytest.approx(0.32), 0.4]
    assert server.asked.count(CONFIG) == 1


def test_instances_are_as_busy_as_their_executions_took() -> None:
    server = Server(
        {
            METRICS: [triton_text({"inference_request_success": 1})],
            CONFIG: [TWO_INSTANCES],
            # A millisecond each.
            STATISTICS: [statistics_text({1: 0}), statistics_text({1: 300})],
        }
    )
    own = source(server)
    assert own.read(0.4).instances is None
    reading = own.read(0.4)
    assert reading.instances == (InstanceActivity(KEY, 300_000, 0.5, 2),)
    assert reading.instances[0].busy_ratio == pytest.approx(0.3)


def test_a_model_that_does_not_tell_its_configuration_has_an_unknown_number_of_instances() -> None:
    server = Server(
        {
            METRICS: [triton_text({"inference_request_success": 1})],
            CONFIG: [ScrapeError("restricted")],
            STATISTICS: [statistics_text({1: 0}), statistics_text({1: 300})],
        }
    )
    own = source(server)
    readings = [own.read(0.4) for _ in range(20)]
    assert readings[1].instances == (InstanceActivity(KEY, 300_000, 0.5, None),)
    assert readings[1].instances[0].busy_ratio is None
    # Not in every sample.
    assert server.asked.count(CONFIG) == 1


def ensemble_text(requests: int) -> str:
    own = {"inference_request_success": requests, "inference_queue_duration_us": 1000 * requests}
    return "".join(triton_text(own, model=name, pending=1) for name in ("both", "first", "second"))


def test_a_request_through_an_ensemble_is_one_and_its_time_that_of_its_steps() -> None:
    steps = [{"model_name": "first"}, {"model_name": "second"}]
    config = f"{BASE}/v2/models/{{}}/versions/1/config".format
    server = Server(
        {
            METRICS: [ensemble_text(0), ensemble_text(10)],
            config("both"): [json.dumps({"ensemble_scheduling": {"step": steps}})],
            config("first"): [TWO_INSTANCES],
            config("second"): [TWO_INSTANCES],
            STATISTICS: [statistics_text({1: 0}, model="both")],
        }
    )
    own = source(server)
    own.read(0.4)
    reading = own.read(0.4)
    sample = sample_of(reading)
    assert sample.request_count() == 10
    assert sample.deltas().request_count == 20
    assert sample.deltas().queue_us == 20_000
    assert sample.pending_count() == 2
    assert reading.instances == ()


def test_a_model_that_comes_back_is_asked_for_its_configuration_again() -> None:
    one = triton_text({"inference_request_success": 1})
    server = Server(
        {
            METRICS: [one, "", one],
            CONFIG: [TWO_INSTANCES],
            STATISTICS: [statistics_text({1: 0}), '{"model_stats": []}', statistics_text({1: 0})],
        }
    )
    own = source(server)
    for _ in range(3):
        own.read(0.4)
    assert server.asked.count(CONFIG) == 2


def test_a_slow_scrape_takes_the_next_one_s_time_but_for_a_fifth() -> None:
    server = Server(
        {
            METRICS: [ScrapeError("slow")],
            CONFIG: [TWO_INSTANCES],
            STATISTICS: [statistics_text({1: 0})],
        }
    )
    stopwatch = iter([0.0, 0.9, 0.9])
    TritonSource(METRICS, STATISTICS, server, stopwatch=lambda: next(stopwatch)).read(1.0)
    assert server.timeouts_s[:2] == [0.8, pytest.approx(0.2)]


def test_sizes_of_batches_are_known_without_the_metrics() -> None:
    server = Server(
        {
            METRICS: [ScrapeError("refused")],
            CONFIG: [TWO_INSTANCES],
            STATISTICS: [statistics_text({1: 0}), statistics_text({1: 3})],
        }
    )
    own = source(server)
    own.read(0.4)
    reading = own.read(0.4)
    assert (reading.models, reading.batch_sizes) == (None, {1: 3})
    assert reading.missing == {"triton": "refused"}
