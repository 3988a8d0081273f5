from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest._analysis._breakdown import breakdown
from loadtest._analysis._machine import MachineInStage
from loadtest._analysis._stages import Measured, measure
from loadtest._load._samples import Sample

UNKNOWN = MachineInStage(None, None, None, None, None, None, None)
RECORDED = replace(UNKNOWN, queue_ms=3.0, infer_ms=4.0)
ANSWER = Sample(1.0, 0.0, 20.0, None, 0.5, 1.0, 2.0, 8.0, 12.0)
CACHED = ANSWER._replace(decode_ms=None, preprocess_ms=None, triton_ms=None, gateway_ms=1.0)
times_ms = st.floats(0, 1e5)


def of(*samples: Sample) -> Measured:
    return measure(samples, 10.0)


def test_compute_and_queue_come_from_triton_and_the_rest_of_its_stage_is_the_way_there() -> None:
    found = breakdown(of(ANSWER, ANSWER), RECORDED)
    assert found is not None
    assert (found.inference_ms, found.queue_ms, found.preprocessing_ms) == (4.0, 3.0, 3.0)
    assert found.network_and_gateway_ms == 10.0
    assert found.percents == {
        "inference": 20.0,
        "queue": 15.0,
        "preprocessing": 15.0,
        "network_and_gateway": 50.0,
    }


def test_without_a_recording_the_wait_for_triton_counts_as_inference() -> None:
    found = breakdown(of(ANSWER), UNKNOWN)
    assert found is not None
    assert (found.inference_ms, found.queue_ms) == (8.0, None)
    assert found.network_and_gateway_ms == 9.0


def test_triton_cannot_have_taken_longer_than_the_gateway_waited_for_it() -> None:
    found = breakdown(of(ANSWER), replace(UNKNOWN, queue_ms=50.0, infer_ms=6.0))
    assert found is not None
    assert (found.inference_ms, found.queue_ms) == (6.0, 2.0)
    assert found.network_and_gateway_ms == 9.0


def test_answers_out_of_the_cache_have_their_share_of_the_mean_and_none_of_the_stages() -> None:
    found = breakdown(of(ANSWER, CACHED._replace(response_ms=4.0)), RECORDED)
    assert found is not None
    assert found.total_ms == 12.0
    assert (found.inference_ms, found.queue_ms, found.preprocessing_ms) == (2.0, 1.5, 1.5)
    assert found.network_and_gateway_ms == 7.0


def test_if_all_come_out_of_the_cache_all_time_is_the_ways() -> None:
    found = breakdown(of(CACHED), UNKNOWN)
    assert found is not None
    assert found.network_and_gateway_ms == found.total_ms == 20.0


@pytest.mark.parametrize(
    "samples",
    [
        [],
        [ANSWER._replace(failure="HTTP 503")],
        [ANSWER._replace(preprocess_ms=None)],
        [ANSWER._replace(decode_ms=None)],
        [CACHED._replace(gateway_ms=None)],
    ],
)
def test_a_stage_that_was_not_told_of_is_not_taken_for_zero(samples: list[Sample]) -> None:
    assert breakdown(of(*samples), RECORDED) is None


@given(
    st.lists(
        st.tuples(times_ms, times_ms, times_ms, times_ms, st.booleans()), min_size=1, max_size=20
    ),
    st.none() | times_ms,
    st.none() | times_ms,
)
def test_the_parts_add_up_to_the_mean_response_and_none_is_negative(
    answers: list[tuple[float, float, float, float, bool]],
    queue_ms: float | None,
    infer_ms: float | None,
) -> None:
    samples = [
        Sample(1.0, 0.0, response, None, 0.5, decode, fit, triton, 1.0)
        if not cached
        else CACHED._replace(response_ms=response)
        for response, decode, fit, triton, cached in answers
    ]
    measured = of(*samples)
    found = breakdown(measured, replace(UNKNOWN, queue_ms=queue_ms, infer_ms=infer_ms))
    if not measured.response_ms.avg:
        assert found is None
        return
    assert found is not None
    parts = (
        found.inference_ms,
        found.queue_ms or 0.0,
        found.preprocessing_ms,
        found.network_and_gateway_ms,
    )
    assert all(part >= 0 for part in parts)
    assert sum(parts) == pytest.approx(found.total_ms) == pytest.approx(measured.response_ms.avg)
    assert sum(found.percents.values()) == pytest.approx(100.0)
