"""The way to Triton where it fails: the table of errors, and several servers in turn."""

import json
import socket
from collections.abc import Callable
from contextlib import closing

import gevent.socket
import numpy as np
import pytest
from geventhttpclient.response import (
    HTTPConnectionClosed,
    HTTPParseError,
    HTTPProtocolViolationError,
)
from tritonclient.utils import InferenceServerException

from backend.errors import (
    TritonError,
    TritonFailed,
    TritonOverloaded,
    TritonTimeout,
    TritonUnavailable,
)
from backend.triton import BY_STATUS, BY_TEXT, TritonClient, contiguous_batch, translate
from tests.processes import free_port
from tests.unit.backend.v2_server import ANSWER, CONFIG, v2_server

# Status, Triton's own words, and what they become.
SPOKEN: list[tuple[str, str, type[TritonError], str]] = [
    ("503", "[request id: <id_unknown>] Exceeds maximum queue size", TritonOverloaded,
     "The model's queue is full."),
    ("503", "[request id: 1] Request timeout expired", TritonTimeout,
     "The model did not get to the request in time."),
    ("400", "Request for unknown model: 'm' version 1 is not at ready state", TritonUnavailable,
     "The model is not ready."),
    ("400", "Request for unknown model: 'm' has no available versions", TritonUnavailable,
     "The model is not loaded."),
    ("400", "Request for unknown model: 'm' is not found", TritonUnavailable,
     "Triton does not have the model."),
    ("500", "Stub process 'm_0_0' is not healthy.", TritonUnavailable,
     "The model's process died."),
]  # fmt: skip
STATUSES: dict[str, tuple[type[TritonError], str]] = {
    "400": (TritonFailed, "Triton refused the request. It says: so it is"),
    "404": (TritonUnavailable, "Triton does not have the model. It says: so it is"),
    "500": (TritonFailed, "The model failed. It says: so it is"),
    "503": (TritonUnavailable, "Triton is not available. It says: so it is"),
    "504": (TritonTimeout, "Triton did not answer in time. It says: so it is"),
}


@pytest.mark.parametrize(("status", "words", "kind", "sentence"), SPOKEN)
def test_tritons_words_decide_before_its_status(
    status: str, words: str, kind: type[TritonError], sentence: str
) -> None:
    for said in (status, "500", "503", None):
        error = translate(InferenceServerException(words, status=said))
        assert (type(error), str(error)) == (kind, sentence)


def test_every_row_of_words_is_the_first_to_match_something() -> None:
    first = [next(row for row in BY_TEXT if row[0] in words) for _, words, _, _ in SPOKEN]
    assert first == list(BY_TEXT)


@pytest.mark.parametrize("status", STATUSES)
def test_without_known_words_the_status_decides(status: str) -> None:
    error = translate(InferenceServerException("so it is", status=status))
    assert (type(error), str(error)) == STATUSES[status]


def test_every_row_of_statuses_is_stated_above() -> None:
    assert set(BY_STATUS) == set(STATUSES)


@pytest.mark.parametrize("status", [None, "418", "StatusCode.INTERNAL"])
def test_any_other_status_is_a_failure_that_quotes_triton(status: str | None) -> None:
    error = translate(InferenceServerException("so it is", status=status))
    assert (type(error), str(error)) == (
        TritonFailed,
        "Triton answered something unexpected. It says: so it is",
    )


def test_what_triton_says_is_cut_at_200_characters() -> None:
    error = translate(InferenceServerException("x" * 5000, status="500"))
    assert str(error) == f"The model failed. It says: {'x' * 200}"


def test_an_error_without_words_is_translated_too() -> None:
    error = translate(InferenceServerException(None, status="503"))
    assert str(error) == "Triton is not available. It says: "


@pytest.mark.parametrize("error", [TimeoutError("timed out"), gevent.socket.timeout("read")])
def test_a_timeout_of_the_socket_is_a_timeout_of_triton(error: Exception) -> None:
    ours = translate(error)
    assert (type(ours), str(ours)) == (TritonTimeout, "Triton did not answer in time.")


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(111, "Connection refused"),
        ConnectionResetError(104, "Connection reset by peer"),
        BrokenPipeError(32, "Broken pipe"),
        OSError(113, "No route to host"),
        socket.gaierror(-2, "Name or service not known"),
        HTTPParseError("invalid status line", 1),
        HTTPConnectionClosed("connection closed."),
        HTTPProtocolViolationError("a new response began"),
    ],
)
def test_a_connection_that_cannot_be_used_is_a_triton_that_cannot_be_reached(
    error: Exception,
) -> None:
    ours = translate(error)
    assert (type(ours), str(ours)) == (TritonUnavailable, "Triton cannot be reached.")


def client_of(*addresses: str, timeout_s: float = 5) -> "closing[TritonClient]":
    return closing(TritonClient(addresses, timeout_s=timeout_s, concurrency=1))


def score(client: TritonClient) -> None:
    client.infer("m", {"image": np.zeros((1, 2), np.uint8)}, ("score", "measures"))


def configure(client: TritonClient) -> None:
    client.model_config("m")


CALLS = [score, configure]


def test_an_inference_says_what_is_asked_and_returns_what_is_answered() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    with v2_server(ANSWER) as server, client_of(server.address, timeout_s=2.5) as client:
        inference = client.infer("m", {"image": image}, ("score", "measures"))
    assert inference.model_version == "3"
    assert {name: array.tolist() for name, array in inference.outputs.items()} == {
        "score": [[0.5]],
        "measures": [[7.0, 9.0]],
    }
    (asked,) = server.asked
    assert asked.path == "/v2/models/m/infer"
    length = int(asked.headers["Inference-Header-Content-Length"])
    assert asked.body[length:] == image.tobytes()
    head = json.loads(asked.body[:length])
    assert head["parameters"]["timeout"] == 2_500_000  # µs, Triton's unit
    (tensor,) = head["inputs"]
    assert (tensor["name"], tensor["datatype"], tensor["shape"]) == ("image", "UINT8", [1, 2, 2, 3])
    assert [output["name"] for output in head["outputs"]] == ["score", "measures"]


def test_an_answer_that_lacks_an_output_is_a_failure() -> None:
    lacking = ANSWER | {"outputs": [{"name": "score", "datatype": "FP32", "shape": [1],
                                     "data": [1.0]}]}  # fmt: skip
    complaint = r"^The model's answer lacks \['measures'\]\.$"
    with (
        v2_server(lacking) as server,
        client_of(server.address) as client,
        pytest.raises(TritonFailed, match=complaint),
    ):
        score(client)


def test_two_servers_are_asked_in_turn() -> None:
    with v2_server() as one, v2_server() as other:
        with client_of(one.address, other.address) as client:
            assert [client.model_config("m") for _ in range(4)] == [CONFIG] * 4
        assert (len(one.asked), len(other.asked)) == (2, 2)
        assert {asked.path for asked in one.asked} == {"/v2/models/m/config"}


@pytest.mark.parametrize("call", CALLS)
def test_past_a_server_that_refuses_the_other_one_serves(
    call: Callable[[TritonClient], None],
) -> None:
    with v2_server(ANSWER) as up, client_of(f"127.0.0.1:{free_port()}", up.address) as client:
        for _ in range(4):  # half of these turns begin at the one that is down
            call(client)
        assert len(up.asked) == 4


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("servers", [1, 2])
def test_where_all_refuse_triton_is_unavailable(
    call: Callable[[TritonClient], None], servers: int
) -> None:
    with client_of(*(f"127.0.0.1:{free_port()}" for _ in range(servers))) as client:
        for _ in range(3):
            with pytest.raises(TritonUnavailable, match=r"^Triton cannot be reached\.$") as caught:
                call(client)
            assert isinstance(caught.value.__cause__, ConnectionRefusedError)


def test_no_more_than_one_other_server_is_tried() -> None:
    with v2_server() as up:
        down = [f"127.0.0.1:{free_port()}" for _ in range(2)]
        with client_of(*down, up.address) as client:
            with pytest.raises(TritonUnavailable):
                configure(client)
            assert up.asked == []
            configure(client)  # the second turn begins one further on
        assert len(up.asked) == 1


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (503, {"error": "Exceeds maximum queue size"}, TritonOverloaded),
        (500, {"error": "failed"}, TritonFailed),
        (None, b"", TritonUnavailable),
    ],
)
def test_only_a_refused_connection_is_tried_elsewhere(
    call: Callable[[TritonClient], None],
    status: int | None,
    said: object,
    kind: type[TritonError],
) -> None:
    with v2_server(said, status) as bad, v2_server(ANSWER) as good:
        with client_of(bad.address, good.address) as client, pytest.raises(kind):
            call(client)
        assert bad.asked
        assert good.asked == []


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_does_not_answer_is_a_timeout_and_not_tried_elsewhere(
    call: Callable[[TritonClient], None],
) -> None:
    with v2_server(ANSWER) as stalled, v2_server(ANSWER) as good:
        stalled.go.clear()
        with client_of(stalled.address, good.address, timeout_s=0.1) as client:
            with pytest.raises(TritonTimeout):
                call(client)
            stalled.go.set()
        assert good.asked == []


def test_something_else_at_the_address_is_no_triton() -> None:
    with (
        v2_server(b"<html>hello</html>") as other,
        client_of(other.address) as client,
        pytest.raises(TritonUnavailable, match=r"^Triton cannot be reached\.$"),
    ):
        configure(client)


def test_one_picture_becomes_a_batch_of_one_in_one_piece() -> None:
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)[:, ::2]
    batch = contiguous_batch(picture)
    assert batch.shape == (1, 2, 2, 3)
    assert batch.flags.c_contiguous
    assert batch.tolist() == [picture.tolist()]
