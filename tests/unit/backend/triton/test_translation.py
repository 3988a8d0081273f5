"""The table from what an exchange with Triton ends in to our errors."""

import socket

import gevent.socket
import grpc  # type: ignore[import-untyped]
import pytest

from backend.errors import (
    TritonError,
    TritonFailed,
    TritonOverloaded,
    TritonTimeout,
    TritonUnavailable,
)
from backend.triton.connection import NotHttp
from backend.triton.translation import (
    BY_GRPC_STATUS,
    BY_STATUS,
    BY_TEXT,
    from_answer,
    from_exception,
    from_grpc,
)

# Status, Triton's own words, and what they become.
SPOKEN: list[tuple[int, str, type[TritonError], str]] = [
    (503, "[request id: <id_unknown>] Exceeds maximum queue size", TritonOverloaded,
     "The model's queue is full."),
    (503, "[request id: 1] Request timeout expired", TritonTimeout,
     "The model did not get to the request in time."),
    (400, "Request for unknown model: 'm' version 1 is not at ready state", TritonUnavailable,
     "The model is not ready."),
    (400, "Request for unknown model: 'm' has no available versions", TritonUnavailable,
     "The model is not loaded."),
    (400, "Request for unknown model: 'm' is not found", TritonUnavailable,
     "Triton does not have the model."),
    (503, "This protocol is restricted, expecting header 'x'", TritonFailed,
     "Triton asks for another token: FRAMEGATE_TRITON_CONTROL_TOKEN must be the same for both."),
    (500, "Stub process 'm_0_0' is not healthy.", TritonUnavailable,
     "The model's process died."),
]  # fmt: skip
STATUSES: dict[int, tuple[type[TritonError], str]] = {
    400: (TritonFailed, "Triton refused the request. It says: so it is"),
    404: (TritonUnavailable, "Triton does not have the model. It says: so it is"),
    500: (TritonFailed, "The model failed. It says: so it is"),
    503: (TritonUnavailable, "Triton is not available. It says: so it is"),
    504: (TritonTimeout, "Triton did not answer in time. It says: so it is"),
}


@pytest.mark.parametrize(("status", "words", "kind", "sentence"), SPOKEN)
def test_tritons_words_decide_before_its_status(
    status: int, words: str, kind: type[TritonError], sentence: str
) -> None:
    for said in (status, 500, 503, 418):
        error = from_answer(said, words)
        assert (type(error), str(error)) == (kind, sentence)


def test_every_row_of_words_is_the_first_to_match_something() -> None:
    first = [next(row for row in BY_TEXT if row[0] in words) for _, words, _, _ in SPOKEN]
    assert first == list(BY_TEXT)


@pytest.mark.parametrize("status", STATUSES)
def test_without_known_words_the_status_decides(status: int) -> None:
    error = from_answer(status, "so it is")
    assert (type(error), str(error)) == STATUSES[status]


def test_every_row_of_statuses_is_stated_above() -> None:
    assert set(BY_STATUS) == set(STATUSES)


@pytest.mark.parametrize("status", [0, 204, 302, 418])
def test_any_other_status_is_a_failure_that_quotes_triton(status: int) -> None:
    error = from_answer(status, "so it is")
    assert (type(error), str(error)) == (
        TritonFailed,
        "Triton answered something unexpected. It says: so it is",
    )


def test_what_triton_says_is_cut_at_200_characters() -> None:
    assert str(from_answer(500, "x" * 5000)) == f"The model failed. It says: {'x' * 200}"


def test_an_answer_without_words_is_translated_too() -> None:
    assert str(from_answer(503, "")) == "Triton is not available. It says: "


@pytest.mark.parametrize("error", [TimeoutError("timed out"), gevent.socket.timeout("read")])
def test_a_timeout_of_the_socket_is_a_timeout_of_triton(error: Exception) -> None:
    ours = from_exception(error)
    assert (type(ours), str(ours)) == (TritonTimeout, "Triton did not answer in time.")


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(111, "Connection refused"),
        ConnectionResetError(104, "Connection reset by peer"),
        BrokenPipeError(32, "Broken pipe"),
        OSError(113, "No route to host"),
        socket.gaierror(-2, "Name or service not known"),
        NotHttp("SSH-2.0"),
    ],
)
def test_a_connection_that_cannot_be_used_is_a_triton_that_cannot_be_reached(
    error: Exception,
) -> None:
    ours = from_exception(error)
    assert (type(ours), str(ours)) == (TritonUnavailable, "Triton cannot be reached.")


def test_an_error_that_is_ours_already_stays_the_same() -> None:
    error = TritonFailed("The model failed.")
    assert from_exception(error) is error


@pytest.mark.parametrize(("status", "words", "kind", "sentence"), SPOKEN)
def test_tritons_words_decide_over_grpc_too(
    status: int, words: str, kind: type[TritonError], sentence: str
) -> None:
    for code in ("UNAVAILABLE", "INTERNAL", "NOT_FOUND", "OUT_OF_RANGE"):
        error = from_grpc(f"StatusCode.{code}", words)
        assert (type(error), str(error)) == (kind, sentence)


@pytest.mark.parametrize("code", BY_GRPC_STATUS)
def test_without_known_words_the_grpc_status_decides(code: str) -> None:
    kind, sentence = BY_GRPC_STATUS[code]
    error = from_grpc(f"StatusCode.{code}", "so it is")
    said = f"{sentence} It says: so it is" if kind is TritonFailed else sentence
    assert (type(error), str(error)) == (kind, said)


def test_a_grpc_status_that_nobody_expects_is_a_failure() -> None:
    error = from_grpc("StatusCode.DATA_LOSS", "so it is")
    assert type(error) is TritonFailed
    assert str(error) == "Triton answered something unexpected. It says: so it is"


def test_every_grpc_status_in_the_table_is_one() -> None:
    assert set(BY_GRPC_STATUS) <= {code.name for code in grpc.StatusCode}
