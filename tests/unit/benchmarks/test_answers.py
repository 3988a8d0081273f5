"""An answer is right where it carries the score of the picture that was sent."""

import pytest

from benchmarks.answers import TOLERANCE, judge_scores, read_score
from benchmarks.http_wire import Response


@pytest.mark.parametrize(
    ("body", "score"),
    [
        (b'{"score":0.8431,"measures":{}}', 0.8431),
        (b'{"score": 1}', 1.0),
        (b'{"score": 3.5e-05}', 3.5e-05),
        (b'{"detail":"no"}', None),
    ],
)
def test_the_score_is_read_from_json_as_servers_write_it(body: bytes, score: float | None) -> None:
    assert read_score(body) == score


def test_another_pictures_score_is_a_fault_and_rounding_is_none() -> None:
    judge = judge_scores([0.2, 0.9])
    answer = Response(200, b"", b'{"score":0.9}')
    assert judge(1, answer) is None
    assert judge(1, answer._replace(body=b'{"score":%f}' % (0.9 - TOLERANCE / 2))) is None
    assert judge(0, answer) == "wrong score"
    assert judge(0, answer._replace(body=b"{}")) == "no score"


def test_a_refusal_says_when_to_come_back_twice() -> None:
    judge = judge_scores([0.5])
    head, body = b"http/1.1 503\r\nretry-after: 1\r\n", b'{"retry_after_ms":700}'
    assert judge(0, Response(503, head, body)) is None
    assert judge(0, Response(503, b"http/1.1 503\r\n", body)) == "no Retry-After"
    assert judge(0, Response(503, head, b"{}")) == "no retry_after_ms"


def test_other_statuses_are_left_to_the_counting_of_errors() -> None:
    assert judge_scores([0.5])(0, Response(500, b"", b"")) is None
