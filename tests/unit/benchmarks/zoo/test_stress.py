"""How the clients of a stress run behave."""

import pytest

from benchmarks.zoo.judging import Answer
from benchmarks.zoo.operations import Kind, Operation
from benchmarks.zoo.stress import LONGEST_PAUSE_S, pause_s


@pytest.mark.parametrize(
    ("status", "document", "expected_s"),
    [
        (200, {}, 0.0),
        (404, {"code": "unknown_model"}, 0.0),
        (503, {"retry_after_ms": 250}, 0.25),
        (503, {"retry_after_ms": 60_000}, LONGEST_PAUSE_S),
        (503, {}, 0.0),
        (503, None, 0.0),
        (None, None, LONGEST_PAUSE_S),
    ],
)
def test_a_client_waits_where_waiting_helps(
    status: int | None, document: object, expected_s: float
) -> None:
    answer = Answer(Operation(1, Kind.INFER, ("a",)), 0, 1, status, document)
    assert pause_s(answer) == expected_s
