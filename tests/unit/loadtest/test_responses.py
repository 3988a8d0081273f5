import json
import ssl

import pytest

from loadtest._load._client import Answer, NoAnswer
from loadtest._load._responses import Checked, parse_server_timing, transport_failure
from loadtest._load._responses import check as check_answer


def body(**changes: object) -> bytes:
    document = {
        "score": 0.81,
        "model": {"name": "capture_quality", "version": "1", "variant": "measures-v1"},
        "timing_ms": {"decode": 0.5, "preprocess": 0.4, "triton": 6.1, "total": 7.4},
    }
    return json.dumps(document | changes).encode()


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    return error


def check(
    status: int, text: bytes, server_timing: str = "", content_type: str = "application/json"
) -> Checked:
    return check_answer(Answer(status, content_type, server_timing, text))


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


def test_a_picture_without_a_face_has_no_score_and_that_is_an_answer() -> None:
    checked = check(200, body(score=None, face={"count": 0, "box": None}))
    assert (checked.failure, checked.score) == (None, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"score": None, "face": {"count": 1}},
        {"score": None, "face": None},
        {"score": 0.5, "face": {"count": 0}},
    ],
)
def test_a_score_and_a_face_belong_together(changes: dict[str, object]) -> None:
    failure = check(200, body(**changes)).failure
    assert failure == "200 but score is not a number from 0 to 1"


def test_the_look_for_a_face_is_part_of_preparing_the_picture() -> None:
    timing = {"decode": 11.0, "detect": 3.0, "preprocess": 0.5, "triton": 6.0, "total": 21.0}
    checked = check(200, body(timing_ms=timing))
    assert checked.stages_ms == {"decode": 11.0, "preprocess": 3.5, "triton": 6.0, "total": 21.0}


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


@pytest.mark.parametrize("code", ["x" * 65, "a\nb", 7, None])
def test_a_code_that_is_no_short_word_does_not_become_a_name(code: object) -> None:
    assert check(500, json.dumps({"code": code}).encode()).failure == "HTTP 500"


@pytest.mark.parametrize("content_type", ["text/html", "", "image/jpeg"])
def test_a_score_that_is_not_sent_as_json_is_a_failure(content_type: str) -> None:
    failure = check(200, body(), content_type=content_type).failure
    assert failure == "200 but its Content-Type is not JSON"


def test_json_may_name_its_charset() -> None:
    assert check(200, body(), content_type="Application/JSON; charset=utf-8").failure is None


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_named_as_one(status: int) -> None:
    assert check(status, b"").failure == f"HTTP {status}, a redirect, which is not followed"


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
        (NoAnswer("no answer: what came is not HTTP"), "no answer: what came is not HTTP"),
        (untrusted(), "not sent: the certificate is not trusted: self-signed certificate"),
        (ValueError(), "no answer: ValueError"),
        (None, "no answer"),
    ],
)
def test_what_got_no_answer_has_a_name(error: Exception | None, name: str) -> None:
    assert transport_failure(error) == name
