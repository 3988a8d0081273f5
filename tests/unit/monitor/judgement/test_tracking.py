from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.judgement.tracking import RANKS, VerdictTracker, judge_sample
from monitor.judgement.verdict import Level, load_thresholds
from monitor.sample import GpuReading, Sample
from tests.unit.monitor.judgement.moments import activity, gateway, gpu, moment

LIMITS = load_thresholds()
GPU_PERCENT: dict[str, int] = {"h": 50, "d": 85, "o": 99}
WORDS: dict[str, Level] = {"h": "healthy", "d": "degraded", "o": "overloaded", "u": "unknown"}
NOTHING = Sample(0.0, 0.0)


def sample_of(letter: str) -> Sample:
    if letter == "u":
        return NOTHING
    return replace(NOTHING, gpus=(GpuReading(0, utilization_percent=GPU_PERCENT[letter]),))


def levels(letters: str, changes_after: int = 3) -> str:
    tracker = VerdictTracker(LIMITS, changes_after)
    return "".join(tracker.update(sample_of(letter)).level[0] for letter in letters)


@pytest.mark.parametrize(
    ("samples", "shown"),
    [
        ("hoooo", "hhhoo"),
        ("oooo", "oooo"),
        ("hoohoo", "hhhhhh"),
        ("hdoo", "hhhd"),
        ("hdood", "hhhdd"),
        ("hdooo", "hhhdo"),
        ("ohhh", "oooh"),
        ("odhh", "oood"),
        ("odhhh", "ooodh"),
        ("odohdo", "oooooo"),
        ("uuh", "uuh"),
        ("huuh", "hhhh"),
        ("huuuo", "hhhuo"),
        ("houoo", "hhhho"),
    ],
)
def test_a_level_changes_when_three_samples_in_a_row_say_so(samples: str, shown: str) -> None:
    assert levels(samples) == shown


@given(st.text("hdou", max_size=30), st.integers(1, 5))
def test_what_is_shown_was_measured_and_never_leaves_what_the_last_samples_span(
    letters: str, changes_after: int
) -> None:
    shown = levels(letters, changes_after)
    for position, letter in enumerate(shown):
        assert letter == "u" or letter in letters[: position + 1]
        same = letters[max(0, position + 1 - changes_after) : position + 1]
        if len(set(same)) == 1 and len(same) == changes_after:
            assert letter == same[0]


@given(st.text("hdou", max_size=30))
def test_one_sample_is_enough_where_no_more_is_asked_for(letters: str) -> None:
    assert levels(letters, 1) == letters


def test_the_rule_speaks_of_the_level_that_is_shown() -> None:
    tracker = VerdictTracker(LIMITS)
    rules = [tracker.update(sample_of(letter)).rule for letter in "ohdhh"]
    assert rules[:3] == ["GPU utilisation 99 % > 90 %"] * 3
    assert rules[3:] == ["GPU utilisation 85 % > 80 %", "GPU utilisation 85 % > 80 %"]


def test_the_rule_of_a_level_that_stays_has_the_latest_numbers() -> None:
    tracker = VerdictTracker(LIMITS)
    tracker.update(moment(gpus=(gpu(95),)))
    assert tracker.update(moment(gpus=(gpu(97),))).rule == "GPU utilisation 97 % > 90 %"


@pytest.mark.parametrize(
    ("sample", "level", "rule"),
    [
        (NOTHING, "unknown", "nothing was measured"),
        (moment(), "healthy", "within every limit"),
        (moment(models=(activity(requests=0),), gpus=(gpu(0),)), "healthy", "within every limit"),
        (moment(models=(activity(rejected=25),)), "overloaded", "success 80 % < 95 %"),
        (moment(models=(activity(requests=0, failed=3),)), "overloaded", "success 0 % < 95 %"),
        (moment(models=(activity(infer_ms=30.0),)), "degraded", "inference 30 ms > 20 ms"),
        (moment(gateway=gateway(failures=3)), "degraded", "success 97 % < 99.9 %"),
        (
            moment(gateway=gateway(rejected={"rate_limited": 8, "overloaded": 2}, failures=2)),
            "overloaded",
            "success 90 % < 95 %",
        ),
        (
            moment(gateway=replace(gateway(rejected={"overloaded": 10}), failure_count=None)),
            "overloaded",
            "success 90 % < 95 %",
        ),
        (
            moment(gateway=gateway(total_ms=700.0)),
            "degraded",
            "mean end-to-end 700 ms > 500 ms",
        ),
        (
            moment(gpus=(gpu(10), GpuReading(1, temperature_celsius=84))),
            "overloaded",
            "temperature 84 °C > 80 °C",
        ),
        (
            moment(gpus=(GpuReading(0, memory_used_bytes=95, memory_total_bytes=100), gpu(10))),
            "overloaded",
            "GPU memory 95 % > 91.67 %",
        ),
    ],
)
def test_a_sample_is_judged_by_all_that_it_tells(sample: Sample, level: str, rule: str) -> None:
    found = judge_sample(LIMITS, sample)
    assert (found.level, found.rule) == (level, rule)


def test_more_failures_than_requests_are_no_negative_success() -> None:
    found = judge_sample(LIMITS, moment(gateway=gateway(requests=1, failures=3)))
    assert found.rule == "success 0 % < 95 %"


def test_every_level_but_unknown_has_a_rank() -> None:
    assert {*RANKS, "unknown"} == set(WORDS.values())
