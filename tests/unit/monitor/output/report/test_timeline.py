"""What a recording is folded into."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.counters import ModelActivity, ModelKey
from monitor.judgement.verdict import Level
from monitor.observation import Growth
from monitor.output.report.timeline import fold
from tests.unit.monitor.output.made_observations import STARTED_S, blind_sample, busy_sample
from tests.unit.monitor.output.report.made_recordings import judged_as, recording

LEVELS: tuple[Level, ...] = ("healthy", "degraded", "overloaded", "unknown")


def test_verdicts_that_follow_one_another_are_one_span() -> None:
    samples = [busy_sample(second) for second in range(5)]
    levels: list[Level] = ["healthy", "healthy", "overloaded", "overloaded", "healthy"]
    timeline = fold(recording(samples), judged_as(levels, ["under_driven", "gpu_bound"]))
    assert [(span.level, span.from_s, span.to_s, span.wall_s) for span in timeline.spans] == [
        ("healthy", 0.0, 2.0, STARTED_S),
        ("overloaded", 2.0, 4.0, STARTED_S + 2),
        ("healthy", 4.0, 5.0, STARTED_S + 4),
    ]
    assert timeline.spans[1].rule == "inference 63 ms > 50 ms"
    assert timeline.spans[0].sentence == "It is under_driven."
    assert timeline.level_s() == {"healthy": 3.0, "overloaded": 2.0}
    assert timeline.duration_s == 5.0


def test_diagnoses_are_weighed_by_their_time_and_keep_their_last_words() -> None:
    samples = [busy_sample(second) for second in range(4)]
    timeline = fold(recording(samples), judged_as(["healthy"], ["under_driven", "gpu_bound"]))
    assert [(w.code, w.held_s, w.share, w.sentence) for w in timeline.waitings] == [
        ("gpu_bound", 3.0, 0.75, "It is gpu_bound."),
        ("under_driven", 1.0, 0.25, "It is under_driven."),
    ]


def test_where_no_sample_was_taken_there_is_a_gap_and_no_verdict() -> None:
    samples = [busy_sample(second) for second in (0, 1, 61, 62)]
    timeline = fold(recording(samples), judged_as(["healthy"]))
    assert [(gap.what, gap.reason, gap.from_s, gap.to_s) for gap in timeline.gaps] == [
        ("samples", "the monitor took none", 1.0, 61.0)
    ]
    assert [(span.from_s, span.to_s) for span in timeline.spans] == [(0.0, 4.0), (61.0, 63.0)]


def test_what_was_missing_is_told_with_its_reason_and_time() -> None:
    known = busy_sample()
    lost = replace(known.gpus[0], missing={"power": "GPU is lost", "memory": "GPU is lost"})
    samples = [
        replace(known, missing={"counters": "the first scrape is only a baseline"}),
        busy_sample(1),
        blind_sample(2),
        replace(blind_sample(3), missing={"triton": "timed out"}),
        replace(busy_sample(4), gpus=(lost,)),
    ]
    timeline = fold(recording(samples), judged_as(["healthy"]))
    assert {(gap.what, gap.reason, gap.from_s, gap.to_s) for gap in timeline.gaps} == {
        ("gpu", "no driver", 2.0, 3.0),
        ("gateway", "refused", 2.0, 3.0),
        ("triton", "refused", 2.0, 3.0),
        ("triton", "timed out", 3.0, 4.0),
        ("GPU 0", "GPU is lost (power, memory)", 4.0, 5.0),
    }


def test_a_reason_that_never_went_away_lasts_to_the_end() -> None:
    timeline = fold(recording([blind_sample(0), blind_sample(1)]), judged_as(["unknown"]))
    assert {(gap.what, gap.from_s, gap.to_s) for gap in timeline.gaps} == {
        ("gpu", 0.0, 2.0),
        ("triton", 0.0, 2.0),
        ("gateway", 0.0, 2.0),
    }


def test_models_are_summed_up_one_by_one() -> None:
    first, second = busy_sample(), busy_sample(1)
    assert second.models is not None
    other = ModelActivity(ModelKey("other", "2"))
    samples = [first, replace(second, models=(replace(second.models[0], pending_count=7), other))]
    scorer, unused = fold(recording(samples), judged_as(["healthy"])).models
    assert (scorer.key.model, scorer.deltas.request_count, scorer.most_pending) == (
        "capture_quality",
        200,
        7,
    )
    assert scorer.deltas.queue_ms == 15.0
    assert (unused.key.model, unused.deltas.request_count, unused.most_pending) == (
        "other",
        None,
        None,
    )


def test_of_a_growth_the_last_words_count() -> None:
    growth = Growth("gateway memory", 5e6, "gateway memory grows 5 MB/hour.")
    timeline = fold(recording([busy_sample()]), judged_as(["healthy"], growths=(growth, growth)))
    assert timeline.growths == (growth,)


def test_nothing_recorded_is_no_error() -> None:
    timeline = fold(recording([]), judged_as(["healthy"]))
    assert (timeline.duration_s, timeline.spans, timeline.gaps) == (0.0, (), ())


@given(
    st.lists(
        st.tuples(st.floats(0.01, 20.0), st.sampled_from(LEVELS), st.booleans()),
        min_size=1,
        max_size=30,
    )
)
def test_spans_are_in_order_and_hold_as_long_as_their_samples(
    steps: list[tuple[float, Level, bool]],
) -> None:
    second, samples = 0.0, []
    for step_s, _, is_busy in steps:
        second += step_s
        samples.append(busy_sample(second) if is_busy else blind_sample(second))
    timeline = fold(recording(samples), judged_as([level for _, level, _ in steps]))
    for before, after in pairwise(timeline.spans):
        assert before.from_s < before.to_s <= after.from_s + 1e-6
    held_s = sum(moment.held_s for moment in timeline.moments)
    assert sum(timeline.level_s().values()) == pytest.approx(held_s, abs=1e-3)
    assert sum(waiting.held_s for waiting in timeline.waitings) == pytest.approx(held_s)
    assert all(gap.from_s < gap.to_s for gap in timeline.gaps)
