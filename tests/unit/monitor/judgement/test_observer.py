from dataclasses import replace

from monitor.judgement.diagnosis import WINDOW_SAMPLES
from monitor.judgement.observer import STALLED, Observer
from monitor.judgement.verdict import load_thresholds
from monitor.sample import ProcessReading, Sample
from tests.unit.monitor.judgement.moments import activity, busy, moment, window

LIMITS = load_thresholds()
BOUND = {"models": (activity(queue_ms=40.0, pending=9),), "instances": (busy(0.98),)}


def test_a_sample_comes_back_with_what_it_means() -> None:
    observer = Observer(LIMITS)
    for sample in window(8, **BOUND):
        observed = observer.observe(sample)
        assert observed.sample is sample
    assert observed.verdict.level == "healthy"
    assert observed.diagnosis.code == "instances_bound"
    assert observed.growths == ()


def test_a_diagnosis_looks_back_on_the_last_seconds_only() -> None:
    observer = Observer(LIMITS, window_s=8.0)
    codes = [observer.observe(sample).diagnosis.code for sample in window(20, **BOUND)]
    assert codes[-1] == "instances_bound"
    quiet = [observer.observe(moment(20 + n, instances=(busy(0.1),))) for n in range(9)]
    assert [one.diagnosis.code for one in quiet][-1] == "under_driven"
    assert "100 requests" not in " ".join(quiet[-1].diagnosis.evidence)
    assert any("900 finished in 9.0 s" in text for text in quiet[-1].diagnosis.evidence)


def test_samples_far_apart_are_still_enough_for_a_diagnosis() -> None:
    observer = Observer(LIMITS, window_s=8.0)
    for number in range(WINDOW_SAMPLES):
        sample = replace(moment(number, **BOUND), monotonic_s=60.0 * number)
        observed = observer.observe(sample)
    assert observed.diagnosis.code == "instances_bound"


def test_a_stall_is_overloaded_whatever_the_limits_say() -> None:
    observer = Observer(LIMITS)
    stuck = {"models": (activity(requests=0, pending=4),)}
    for sample in window(8, **stuck):
        observed = observer.observe(sample)
    assert observed.diagnosis.code == "stalled"
    assert observed.verdict == STALLED
    for number in range(3):
        observed = observer.observe(moment(8 + number))
    assert observed.verdict.level == "healthy"


def test_growth_is_part_of_it() -> None:
    observer = Observer(LIMITS)
    for at_s in range(0, 1800, 5):
        rss_bytes = round((300 + at_s / 18) * 2**20)
        reading = ProcessReading("triton", 5.0, rss_bytes, 4)
        observed = observer.observe(Sample(at_s, at_s, processes=(reading,)))
    (growth,) = observed.growths
    assert growth.what == "triton memory"
    assert growth.alarming
