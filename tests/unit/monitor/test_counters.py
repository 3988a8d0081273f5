import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.counters import (
    COUNTER_FIELDS,
    FAILURES,
    CounterKey,
    Deltas,
    ModelCounters,
    ModelKey,
    Snapshot,
    between,
    total,
)

MODEL = ModelKey("capture_quality", "1")
SUCCESS = CounterKey("nv_inference_request_success")
QUEUE = CounterKey("nv_inference_queue_duration_us")
INFER = CounterKey("nv_inference_compute_infer_duration_us")
HITS = CounterKey("nv_cache_num_hits_per_model")
COUNT = CounterKey("nv_inference_count")
EXECUTIONS = CounterKey("nv_inference_exec_count")
REJECTED = CounterKey(FAILURES, "REJECTED")


def snapshot(
    counters: dict[CounterKey, int], *, at_s: float = 0.0, pending: int | None = None
) -> Snapshot:
    return Snapshot(at_s, {MODEL: ModelCounters(counters, pending)})


def only(before: Snapshot | None, after: Snapshot) -> Deltas:
    (activity,) = between(before, after)
    assert activity.deltas is not None
    return activity.deltas


def test_requests_queue_and_inference_are_differences_per_request() -> None:
    deltas = only(
        snapshot({SUCCESS: 10, QUEUE: 1000, INFER: 500, COUNT: 10, EXECUTIONS: 10}),
        snapshot({SUCCESS: 12, QUEUE: 25680, INFER: 8240, COUNT: 18, EXECUTIONS: 12}),
    )
    assert deltas.request_count == 2
    assert deltas.queue_ms == pytest.approx(12.34)
    assert deltas.infer_ms == pytest.approx(3.87)
    assert deltas.batch_size == 4.0
    assert deltas.reset is False


def test_requests_answered_from_the_cache_do_not_thin_the_inference_time() -> None:
    deltas = only(
        snapshot({SUCCESS: 0, HITS: 0, INFER: 0, QUEUE: 0}),
        snapshot({SUCCESS: 10, HITS: 8, INFER: 20_000, QUEUE: 10_000}),
    )
    assert deltas.infer_ms == 10.0
    assert deltas.queue_ms == 1.0


def test_when_every_request_came_from_the_cache_inference_time_is_unknown() -> None:
    deltas = only(
        snapshot({SUCCESS: 0, HITS: 0, INFER: 0}), snapshot({SUCCESS: 3, HITS: 3, INFER: 0})
    )
    assert deltas.infer_ms is None


def test_an_idle_interval_has_zero_requests_and_unknown_times() -> None:
    same = {SUCCESS: 10, QUEUE: 1000, INFER: 500, COUNT: 10, EXECUTIONS: 10}
    deltas = only(snapshot(same), snapshot(same, at_s=1.0))
    assert deltas.request_count == 0
    assert (deltas.queue_ms, deltas.infer_ms, deltas.batch_size) == (None, None, None)


def test_a_family_that_triton_does_not_publish_is_unknown_and_not_zero() -> None:
    deltas = only(snapshot({SUCCESS: 1}), snapshot({SUCCESS: 5}))
    assert deltas.request_count == 4
    assert (deltas.queue_us, deltas.queue_ms, deltas.infer_ms) == (None, None, None)
    assert (deltas.failure_counts, deltas.failure_count) == (None, None)


def test_failures_are_counted_by_reason() -> None:
    other = CounterKey(FAILURES, "OTHER")
    deltas = only(
        snapshot({SUCCESS: 1, REJECTED: 2, other: 5}), snapshot({SUCCESS: 1, REJECTED: 9, other: 5})
    )
    assert deltas.failure_counts == {"REJECTED": 7, "OTHER": 0}
    assert deltas.failure_count == 7


def test_the_first_scrape_is_a_baseline_but_its_gauge_counts() -> None:
    (activity,) = between(None, snapshot({SUCCESS: 1000}, pending=3))
    assert activity.deltas is None
    assert activity.pending_count == 3


def test_a_model_that_appears_later_starts_at_zero() -> None:
    deltas = only(Snapshot(0.0, {}), snapshot({SUCCESS: 4, QUEUE: 8000}))
    assert deltas.request_count == 4
    assert deltas.queue_ms == 2.0
    assert deltas.reset is False


def test_a_series_that_appears_later_starts_at_zero() -> None:
    deltas = only(snapshot({SUCCESS: 4}), snapshot({SUCCESS: 5, REJECTED: 2}))
    assert deltas.failure_counts == {"REJECTED": 2}
    assert deltas.reset is False


def test_a_counter_that_went_down_counts_from_zero_and_is_flagged() -> None:
    deltas = only(snapshot({SUCCESS: 100}), snapshot({SUCCESS: 3}))
    assert deltas.request_count == 3
    assert deltas.reset is True


def test_one_counter_going_down_makes_the_whole_model_new() -> None:
    # The slow new process has queued for longer than the old one did in its life.
    deltas = only(snapshot({SUCCESS: 100, QUEUE: 5000}), snapshot({SUCCESS: 3, QUEUE: 6000}))
    assert deltas.queue_us == 6000
    assert deltas.queue_ms == 2.0


def test_another_models_reset_is_not_ones_own() -> None:
    other = ModelKey("other", "1")
    before = Snapshot(0.0, {MODEL: ModelCounters({SUCCESS: 5}), other: ModelCounters({SUCCESS: 9})})
    after = Snapshot(1.0, {MODEL: ModelCounters({SUCCESS: 6}), other: ModelCounters({SUCCESS: 1})})
    changes = {activity.key: activity.deltas for activity in between(before, after)}
    assert changes == {
        MODEL: Deltas(request_count=1, reset=False),
        other: Deltas(request_count=1, reset=True),
    }


def test_a_model_that_was_unloaded_is_not_listed() -> None:
    assert between(snapshot({SUCCESS: 5}), Snapshot(1.0, {})) == ()


def test_the_total_of_models_is_weighted_by_their_requests() -> None:
    fast = Deltas(request_count=9, queue_us=9000, failure_counts={"REJECTED": 1})
    slow = Deltas(request_count=1, queue_us=11000, failure_counts={"REJECTED": 2, "OTHER": 1})
    both = total([fast, slow])
    assert both.queue_ms == 2.0
    assert both.failure_counts == {"REJECTED": 3, "OTHER": 1}
    assert total([]) == Deltas()


@st.composite
def lives(draw: st.DrawFn) -> list[list[int]]:
    """Increasing readings of one process after another, each reset low enough to be seen."""
    result: list[list[int]] = []
    for _ in range(draw(st.integers(1, 4))):
        last = result[-1][-1] if result else None
        if last == 0:
            break
        start = draw(st.integers(0, 1000 if last is None else last - 1))
        steps = draw(st.lists(st.integers(0, 1000), max_size=6))
        readings = [start]
        for step in steps:
            readings.append(readings[-1] + step)
        result.append(readings)
    return result


@given(lives())
def test_the_intervals_of_any_sequence_with_resets_add_up_to_the_total(
    readings: list[list[int]],
) -> None:
    flat = [value for life in readings for value in life]
    parts = [
        only(snapshot({SUCCESS: before}), snapshot({SUCCESS: after}))
        for before, after in itertools.pairwise(flat)
    ]
    # The first life counts from its baseline, every later one from 0.
    expected = readings[0][-1] - readings[0][0] + sum(life[-1] for life in readings[1:])
    assert (total(parts).request_count or 0) == expected
    assert sum(part.reset for part in parts) == len(readings) - 1
    assert all((part.request_count or 0) >= 0 for part in parts)


@given(
    st.dictionaries(
        st.sampled_from(sorted(COUNTER_FIELDS)), st.tuples(st.integers(0), st.integers(0))
    )
)
def test_no_difference_is_ever_negative(values: dict[str, tuple[int, int]]) -> None:
    deltas = only(
        snapshot({CounterKey(name): before for name, (before, _) in values.items()}),
        snapshot({CounterKey(name): after for name, (_, after) in values.items()}),
    )
    for family, name in COUNTER_FIELDS.items():
        value = getattr(deltas, name)
        assert (value is None) == (family not in values)
        assert value is None or value >= 0
