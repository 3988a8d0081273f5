"""What a model says about itself, from whichever server answers."""

import time
from collections.abc import Iterator

import pytest

from backend.errors import TritonFailed, TritonTimeout, TritonUnavailable
from backend.triton.model import ModelClient
from tests.processes import free_port
from tests.unit.backend.triton.clients import client_of
from tests.unit.backend.v2_server import CONFIG, Reply, V2Server, refusal, v2_server

NOT_READY = refusal(400, "Request for unknown model: 'm' version 1 is not at ready state")


@pytest.fixture
def server() -> Iterator[V2Server]:
    with v2_server() as server:
        yield server


@pytest.fixture
def other() -> Iterator[V2Server]:
    with v2_server() as server:
        yield server


def config(client: ModelClient, within_s: float = 10) -> dict[str, object]:
    return client.config(deadline_s=time.monotonic() + within_s)


def test_servers_are_asked_about_the_model_in_turn(server: V2Server, other: V2Server) -> None:
    with client_of(server.address, other.address) as client:
        assert [config(client) for _ in range(4)] == [CONFIG] * 4
    assert server.paths() == other.paths() == 2 * ["/v2/models/m/config"]


@pytest.mark.parametrize(
    "wrong",
    [None, b"SSH-2.0\r\n\r\n", refusal(500, "x"), NOT_READY, Reply(200, b"<html>")],
    ids=["leaves", "no HTTP", "fails", "not ready", "no JSON"],
)
def test_past_a_server_that_does_not_say_the_next_one_is_asked(
    server: V2Server, other: V2Server, wrong: Reply | bytes | None
) -> None:
    server.config = lambda: wrong
    down = [("127.0.0.1", free_port()) for _ in range(2)]
    with client_of(down[0], server.address, down[1], other.address) as client:
        assert [config(client) for _ in range(8)] == [CONFIG] * 8
    assert len(other.paths()) == 8


def test_where_no_server_says_it_is_the_error_of_the_last_one(server: V2Server) -> None:
    server.config = lambda: refusal(500, "out of order")
    with client_of(("127.0.0.1", free_port()), server.address) as client:
        with pytest.raises(TritonFailed, match=r"^The model failed\. It says: out of order$"):
            config(client)
        with pytest.raises(TritonUnavailable, match=r"^Triton cannot be reached\.$"):
            config(client)


def test_a_server_that_says_nothing_about_the_model_is_left_at_the_deadline(
    server: V2Server,
) -> None:
    answered = Reply(200, b"", {"Content-Length": "100"})
    server.config = lambda: answered
    with client_of(server.address) as client:
        before_s = time.monotonic()
        with pytest.raises(TritonTimeout, match=r"^Triton did not answer in time\.$"):
            config(client, within_s=0.1)
        assert time.monotonic() >= before_s + 0.1
        with pytest.raises(TritonTimeout):
            config(client, within_s=-1)
    assert len(server.paths()) == 1
