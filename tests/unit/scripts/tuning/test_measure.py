"""Answers and two readings become a measurement."""

from scripts.tuning.load import Answer, Drive
from scripts.tuning.measure import summarise
from scripts.tuning.points import Load, median_of
from scripts.tuning.trial import Reading
from tests.unit.scripts.tuning.measurements import measured


def drive_of(answers: list[Answer]) -> Drive[Reading]:
    before = Reading(cpu_s=10.0, other_cpu_s=70.0, memory_bytes=50, executions={1: 3, 4: 5})
    after = Reading(cpu_s=10.5, other_cpu_s=71.0, memory_bytes=60, executions={1: 3, 4: 7, 8: 1})
    return Drive(answers, elapsed_s=2.0, before=before, after=after)


def test_rates_latencies_and_differences_of_the_counters() -> None:
    answers = [
        Answer(at_s=1.010, waiting_since_s=(1.0, 1.0, 1.0), ok=True),
        Answer(at_s=1.050, waiting_since_s=(1.030, 1.0), ok=True),
        Answer(at_s=1.060, waiting_since_s=(1.0,), ok=False),
    ]
    found = summarise(drive_of(answers))
    assert found.frames_per_s == 2.5
    assert found.p50_ms is not None
    assert round(found.p50_ms, 6) == 10
    assert found.p95_ms is not None
    assert round(found.p95_ms, 6) == 44
    assert found.failed == 1
    assert found.cpu_ms_per_frame == 100
    assert found.memory_bytes == 60
    assert found.executions == {4: 2, 8: 1}
    assert found.mean_batch == 16 / 3
    assert found.other_cores == 0.5


def test_without_an_answer_nothing_is_invented() -> None:
    found = summarise(drive_of([]))
    assert found.frames_per_s == 0
    assert (found.p50_ms, found.p95_ms, found.cpu_ms_per_frame) == (None, None, None)


def test_rounds_become_medians_and_sums() -> None:
    rounds = [measured(100, 50), measured(300, None, failed=2), measured(120, 70)]
    found = median_of(rounds)
    assert found.frames_per_s == 120
    assert found.p95_ms == 60
    assert found.p50_ms is None
    assert found.failed == 2
    assert found.executions == {4: 30}


def test_frames_are_spread_evenly_and_no_connection_is_idle() -> None:
    assert Load(4, 16).shares == [4, 4, 4, 4]
    assert Load(4, 10).shares == [3, 3, 2, 2]
    assert Load(4, 3).shares == [1, 1, 1]
