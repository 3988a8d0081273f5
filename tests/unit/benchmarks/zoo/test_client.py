"""How operations go over the wire, and what a client makes of a server's manners."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from benchmarks.processes import HOST
from benchmarks.zoo.client import NOT_A_PICTURE, Client, Doors, wire
from benchmarks.zoo.operations import Kind, Operation

PICTURE = b"a picture"
HEAD = b"HTTP/1.1 200 OK\r\nX-Request-Id: bench-1\r\nContent-Length: 2\r\n\r\n"
INFER = Operation(1, Kind.INFER, ("a",))


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (Operation(1, Kind.STATUS, ()), ("GET", "/v1/models", None)),
        (Operation(1, Kind.PLAN, ("a",)), ("GET", "/v1/models/a/plan", None)),
        (Operation(1, Kind.UNLOAD, ("a",)), ("POST", "/v1/models/a/unload", None)),
        (Operation(1, Kind.INFER, ("a",)), ("POST", "/v1/models/a/infer", PICTURE)),
        (
            Operation(1, Kind.ENRICH, ("a", "b"), prompts=("a red car",)),
            ("POST", "/v1/enrich?models=a%2Cb&prompt=a+red+car", PICTURE),
        ),
        (
            Operation(1, Kind.SHORT_DEADLINE, ("a",), prompts=("x", "y")),
            ("POST", "/v1/models/a/infer?prompt=x&prompt=y", PICTURE),
        ),
    ],
)
def test_an_operation_is_the_request_that_the_interface_asks_for(
    operation: Operation, expected: tuple[str, str, bytes | None]
) -> None:
    assert wire(operation, PICTURE) == expected


@dataclass
class Server:
    """Answers as it is told, and closes after the last.

    Attributes:
        received: the bodies of the requests.
    """

    listener: socket.socket
    received: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def start(self, answers: list[bytes]) -> None:
        self.over.clear()
        threading.Thread(target=self._run, args=(answers,), daemon=True).start()

    def _run(self, answers: list[bytes]) -> None:
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rb") as stream:
            for answer in answers:
                length = 0
                while line := stream.readline().strip():
                    name, _, value = line.lower().partition(b":")
                    length = int(value) if name == b"content-length" else length
                self.received.append(stream.read(length))
                connection.sendall(answer)
        self.over.set()


@pytest.fixture
def server() -> Iterator[Server]:
    with socket.create_server((HOST, 0)) as listener:
        yield Server(listener)


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    port = server.listener.getsockname()[1]
    with contextlib.closing(Client(Doors(port, port, "token"), (PICTURE,))) as made:
        yield made


def test_an_answer_is_read_with_its_id_and_the_time_it_took(server: Server, client: Client) -> None:
    server.start([HEAD + b"{}"])
    answer = client.ask(INFER)
    assert (answer.status, answer.document, answer.request_id) == (200, {}, "bench-1")
    assert not answer.surplus
    assert 0 < answer.latency_s < 5


def test_a_second_answer_to_one_request_is_noticed(server: Server, client: Client) -> None:
    server.start([HEAD + b"{}" + HEAD + b"{}"])
    assert client.ask(INFER).surplus


def test_a_connection_that_ends_without_an_answer_is_no_answer(
    server: Server, client: Client
) -> None:
    server.start([b""])
    answer = client.ask(INFER)
    assert (answer.status, answer.error) == (None, "closed without an answer")


def test_an_answer_that_is_cut_off_is_no_answer(server: Server, client: Client) -> None:
    server.start([HEAD + b"{"])
    answer = client.ask(INFER)
    assert (answer.status, answer.error) == (None, "closed in mid-answer")


def test_a_connection_that_the_server_closed_between_requests_costs_none(
    server: Server, client: Client
) -> None:
    for _ in range(2):
        server.start([HEAD + b"{}"])
        assert client.ask(INFER).status == 200
        assert server.over.wait(5)


def test_a_kept_connection_is_used_again_without_a_pause(server: Server, client: Client) -> None:
    server.start([HEAD + b"{}"] * 2)
    answers = [client.ask(INFER) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[1].latency_s < 1


def test_a_broken_picture_is_sent_instead_of_the_right_one(server: Server, client: Client) -> None:
    server.start([HEAD + b"{}"] * 2)
    client.ask(Operation(1, Kind.BROKEN_PICTURE, ("a",)))
    client.ask(INFER)
    assert server.received == [NOT_A_PICTURE, PICTURE]
