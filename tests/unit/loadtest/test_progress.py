from loadtest._course import _progress
from loadtest._course._plan import Plan
from loadtest._course._stage_machine import StageMachine
from loadtest._load._samples import Sample, Samples


def sample(started_s: float, response_ms: float, failure: str | None = None) -> Sample:
    return Sample(started_s, 0.0, response_ms, failure, None, None, None, None, None)


def test_only_the_dwell_under_way_is_counted_and_nothing_twice() -> None:
    tally = _progress.StageTally()
    samples = Samples()
    samples.append(sample(5.0, 10.0))
    tally.update(samples, None)
    samples.extend([sample(9.0, 10.0), sample(10.0, 30.0), sample(11.0, 900.0, "HTTP 503")])
    tally.update(samples, 10.0)
    tally.update(samples, 10.0)
    assert (tally.requests, tally.good, tally.failed) == (2, 1, 1)
    assert [tally.median_ms, tally.slowest_ms] == [30.0, 900.0]
    tally.update(samples, 20.0)
    assert [tally.requests, tally.median_ms, tally.slowest_ms] == [0, None, None]


def test_a_line_says_where_the_run_is() -> None:
    plan = Plan((10, 25), 20.0, 5.0, 2.0, 0, 10.0)
    machine = StageMachine(plan, 100.0)
    machine.step(100.0, user_count=0, samples=0, slowest_ms=None)
    text = _progress.line(machine, _progress.StageTally(), user_count=4, now_s=103.4)
    assert text == "stage 1/2  4/10 users  ramp 3 s  0 requests  p50 - ms  0 failed"
