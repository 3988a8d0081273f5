import pytest

from loadtest._analysis._stages import analyse, busiest_percent, overall, timeline
from loadtest._course._plan import StageWindow
from loadtest._load._collector import Collector, CpuReading
from loadtest._load._samples import Sample


def sample(
    started_s: float, response_ms: float = 20.0, failure: str | None = None, late_ms: float = 0.0
) -> Sample:
    good = failure is None
    return Sample(
        started_s=started_s,
        late_ms=late_ms,
        response_ms=response_ms,
        failure=failure,
        score=0.5 if good else None,
        decode_ms=0.5 if good else None,
        preprocess_ms=None,
        triton_ms=6.0 if good else None,
        gateway_ms=None,
    )


FIRST = StageWindow(0, 10, 100.0, 110.0, 120.0)
SECOND = StageWindow(1, 25, 120.0, 130.0, 140.0)


def test_a_sample_belongs_to_the_stage_in_whose_dwell_it_began() -> None:
    samples = [
        sample(109.999),  # warm-up
        sample(110.0, 10.0),
        sample(119.999, 50.0),  # answered after the dwell
        sample(120.0),  # next ramp
        sample(135.0),
    ]
    first, second = analyse(samples, [FIRST, SECOND], [], think_time_s=2.0)
    assert first.measured.requests == 2
    assert first.measured.response_ms.max == 50.0
    assert first.measured.achieved_per_s == pytest.approx(0.2)
    assert first.offered_per_s == 5.0
    assert second.measured.requests == 1
    assert overall(samples, [FIRST, SECOND]).requests == 3
    assert overall(samples, [FIRST, SECOND]).duration_s == 20.0


def test_failures_are_counted_by_name_and_do_not_flatter_the_latency() -> None:
    samples = [sample(111.0, 100.0), sample(112.0, 1.0, "HTTP 503"), sample(113.0, 1.0, "HTTP 503")]
    (result,) = analyse(samples, [FIRST], [], think_time_s=2.0)
    measured = result.measured
    assert measured.failures == {"HTTP 503": 2}
    assert measured.success_percent == pytest.approx(100 / 3)
    assert measured.response_ms.min == 100.0
    assert measured.response_ms.count == 1


def test_scheduled_latency_counts_from_when_the_frame_was_due() -> None:
    (result,) = analyse([sample(111.0, 20.0, late_ms=480.0)], [FIRST], [], think_time_s=2.0)
    assert result.measured.response_ms.p50 == 20.0
    assert result.measured.scheduled_ms.p50 == 500.0


def test_a_stage_without_samples_knows_nothing_and_says_no_zero() -> None:
    (result,) = analyse([], [FIRST], [], think_time_s=2.0)
    assert result.measured.success_percent is None
    assert result.measured.preprocess_ms.avg is None
    assert result.generator_cpu_percent is None


def test_the_busiest_process_counts_over_the_stage_alone() -> None:
    calm = [CpuReading("calm", 100.0 + s, 0.1 * s) for s in range(41)]
    busy = [CpuReading("busy", 100.0 + s, float(max(0, min(s - 10, 10)))) for s in range(41)]
    assert busiest_percent(calm + busy, FIRST) == pytest.approx(100.0)
    assert busiest_percent(calm + busy, SECOND) == pytest.approx(10.0)


def test_one_reading_is_no_rate() -> None:
    assert busiest_percent([CpuReading("one", 115.0, 3.0)], FIRST) is None


def test_the_timeline_has_a_moment_for_every_second_even_an_empty_one() -> None:
    moments = timeline(
        [sample(100.2, 10.0), sample(100.9, 30.0), sample(102.0, 5.0, "HTTP 500")],
        from_s=100.0,
        to_s=103.0,
    )
    assert [(m.at_s, m.requests_per_s, m.failures_per_s, m.response_ms) for m in moments] == [
        (100.5, 2.0, 0.0, 20.0),
        (101.5, 0.0, 0.0, None),
        (102.5, 1.0, 1.0, None),
    ]


def test_a_second_has_a_95th_percentile_only_with_samples_enough() -> None:
    few = [sample(100.5, float(n)) for n in range(129)]
    enough = [sample(101.5, float(n)) for n in range(130)]
    moments = timeline(few + enough, from_s=100.0, to_s=102.0)
    assert [m.response_p95_ms for m in moments] == [None, 122.55]


def test_what_a_worker_drains_is_what_the_master_receives_and_nothing_twice() -> None:
    worker, master = Collector(), Collector()
    worker.samples.append(sample(1.0))
    worker.cpu.append(CpuReading("w", 1.0, 0.5))
    worker.models.add("m/1")
    master.receive(worker.drain())
    master.receive(worker.drain())
    assert list(master.samples) == [sample(1.0)]
    assert master.cpu == [CpuReading("w", 1.0, 0.5)]
    assert master.models == {"m/1"}
