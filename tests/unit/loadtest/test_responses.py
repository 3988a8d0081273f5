import json

import pytest

from loadtest._load._responses import check, parse_server_timing, transport_failure


def body(**changes: object) -> bytes:
    document = {
        "score": 0.81,
        "model": {"name": "capture_quality", "version": "1", "variant": "measures-v1"},
        "timing_ms": {"decode": 0.5, "preprocess": 0.4, "triton": 6.1, "total": 7.4},
    }
    return json.dumps(document | changes).encode()


def test_a_good_answer_gives_its_score_stages_and_model() -> None:
    checked = check(200, body())
    assert checked.failure is None
    assert checked.score == 0.81
    assert checked.stages_ms == {"decode": 0.5, "preprocess": 0.4, "triton": 6.1, "total": 7.4}
    assert checked.model == "capture_quality/1/measures-v1"


@pytest.mark.parametrize("score", [None, "0.5", True, -0.1, 1.01, float("nan"), [0.5]])
def test_a_score_that_is_no_number_from_0_to_1_is_a_failure(score: object) -> None:
    assert check(200, body(score=score)).failure == ("200 but score is not a number from 0 to 1")


@pytest.mark.parametrize("score", [0, 1, 0.5])
def test_the_ends_of_the_range_are_scores(score: float) -> None:
    assert check(200, body(score=score)).failure is None


@pytest.mark.parametrize("timing", [None, {}, {"total": 1.0}, {"triton": "6"}, [1]])
def test_an_answer_without_its_times_is_a_failure(timing: object) -> None:
    failure = check(200, body(timing_ms=timing), "triton;dur=6").failure
    assert failure == "200 but timing_ms is missing or incomplete"


def test_a_cached_answer_has_its_total_alone() -> None:
    checked = check(200, body(cached=True, timing_ms={"total": 0.6}))
    assert (checked.failure, checked.stages_ms) == (None, {"total": 0.6})


@pytest.mark.parametrize("text", [b"", b"<html>", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_a_failure(text: bytes) -> None:
    assert check(200, text).failure == "200 but not JSON"


def test_a_refusal_is_named_by_its_status_and_code() -> None:
    assert check(503, b'{"code": "queue_full"}').failure == "HTTP 503 queue_full"
    assert check(502, b"<html>").failure == "HTTP 502"


def test_server_timing_fills_in_what_the_body_does_not_say() -> None:
    checked = check(200, body(timing_ms={"triton": 6.0}), "decode;dur=0.7, triton;dur=9")
    assert checked.stages_ms == {"decode": 0.7, "triton": 6.0}


def test_server_timing_is_read_leniently() -> None:
    header = 'cache;desc="Hit", decode;dur=0.5, x;dur=bad, triton;desc=a;dur="6.25", ;dur=1'
    assert parse_server_timing(header) == {"decode": 0.5, "triton": 6.25}


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (TimeoutError(), "no answer: timed out"),
        (ConnectionRefusedError(), "no answer: connection refused"),
        (ConnectionResetError(), "no answer: connection reset"),
        (OSError(24, "Too many open files"), "not sent: too many open files in the load generator"),
        (ValueError(), "no answer: ValueError"),
        (None, "no answer"),
    ],
)
def test_what_got_no_answer_has_a_name(error: Exception | None, name: str) -> None:
    assert transport_failure(error) == name
