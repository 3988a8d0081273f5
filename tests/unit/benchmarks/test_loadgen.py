import pytest

from benchmarks.http_wire import answer_bytes, parse
from benchmarks.loadgen.figures import Look, Rate, growth_mb_per_100k, rate_of_summary
from benchmarks.loadgen.server import Answerer, Counters


class Wire:
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)


@pytest.mark.parametrize("piece_bytes", [1, 7, 1000])
def test_the_trivial_server_answers_each_frame_once_however_it_arrives(piece_bytes: int) -> None:
    counters, wire = Counters(), Wire()
    answerer = Answerer(counters)
    answerer._transport = wire  # type: ignore[assignment]
    request = b"POST / HTTP/1.1\r\ncontent-length: 30\r\n\r\n" + b"x" * 30
    for count in (1, 2):
        for start in range(0, len(request), piece_bytes):
            answerer.data_received(request[start : start + piece_bytes])
        assert counters.frames == len(wire.written) == count
    assert b'"score": 0.75' in parse(wire.written[0]).body


def test_an_answer_that_is_made_can_be_read() -> None:
    answer = parse(answer_bytes(b"{}"))
    assert (answer.status, answer.body, answer.closes) == (200, b"{}", False)


def test_a_rate_is_for_each_second_and_for_each_second_of_a_core() -> None:
    rate = Rate(frames=1000, seconds=4.0, cpu_s=2.0)
    assert (rate.per_s, rate.per_core_s) == (250.0, 500.0)


def test_the_load_tester_tells_its_own_processor_time() -> None:
    stage = {"successful": 900, "duration_s": 3.0, "generator_cpu_percent": 50.0}
    assert rate_of_summary({"stages": [stage]}) == Rate(900, 3.0, 1.5)


def test_growth_is_told_for_as_many_samples_and_only_of_enough() -> None:
    first = Look(at_s=0.0, frames=1000, connections_opened=10, pss_mb=100.0)
    assert growth_mb_per_100k([first, first._replace(frames=51_000, pss_mb=104.0)]) == 8.0
    assert growth_mb_per_100k([first, first._replace(frames=10_999, pss_mb=104.0)]) is None
