"""A body that is sent while it comes in, to peers that take it, refuse it, leave or hang."""

import time
from collections.abc import Iterator

import gevent
import pytest
from gevent.event import Event

from backend.triton.connection import Answer, Connection, NotHttp
from tests.unit.backend.triton.peers import HELLO, WHOLE, Socket, connected_to, heard, soon

REFUSAL = b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno"
PIECE = bytes(range(256)) * 256


def post(
    connection: Connection,
    pieces: Iterator[bytes],
    size_bytes: int,
    *,
    deadline_s: float | None = None,
    patience_s: float = 10,
) -> Answer:
    return connection.post_stream(
        "/clips",
        pieces,
        size_bytes,
        headers="a: 1\r\n",
        deadline_s=soon() if deadline_s is None else deadline_s,
        patience_s=patience_s,
    )


def endless() -> Iterator[bytes]:
    while True:
        yield PIECE


def head_and_body(peer: Socket, size_bytes: int) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += peer.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    while len(body) < size_bytes:
        body += peer.recv(65536)
    return head, body


def test_each_piece_has_arrived_before_the_next_one_is_there() -> None:
    heard_of: list[bytes] = []
    arrived = Event()

    def serve(peer: Socket) -> None:
        data = b""
        while not data.endswith(b"thing"):
            data += peer.recv(65536)
            if data.endswith(b"some"):
                arrived.set()
        heard_of.append(data)
        peer.sendall(WHOLE)
        gevent.sleep(60)

    def pieces() -> Iterator[bytes]:
        yield b"some"
        assert arrived.wait(10)
        yield b"thing"

    with connected_to(serve) as connection:
        assert post(connection, pieces(), 9) == HELLO
    head, _, body = heard_of[0].partition(b"\r\n\r\n")
    assert body == b"something"
    assert head.startswith(b"POST /clips HTTP/1.1\r\nHost: 127.0.0.1:")
    assert head.endswith(b"\r\na: 1\r\nContent-Length: 9")


def test_a_large_body_arrives_as_it_is_and_the_connection_can_be_used_again() -> None:
    size_bytes = 100 * len(PIECE)
    bodies: list[bytes] = []

    def serve(peer: Socket) -> None:
        bodies.append(head_and_body(peer, size_bytes)[1])
        peer.sendall(WHOLE)
        heard(peer)
        peer.sendall(WHOLE)
        gevent.sleep(60)

    with connected_to(serve) as connection:
        assert post(connection, iter([PIECE] * 100), size_bytes) == HELLO
        assert connection.get("/", deadline_s=soon()) == HELLO
    assert bodies == [PIECE * 100]


@pytest.mark.parametrize("stays", [True, False])
def test_a_refusal_is_heard_before_the_whole_has_come_in(stays: bool) -> None:
    def serve(peer: Socket) -> None:
        peer.recv(100)
        peer.sendall(REFUSAL)
        if stays:  # and reads no more
            gevent.sleep(60)

    with connected_to(serve) as connection:
        answer = post(connection, endless(), 2**40)
    assert (answer.status, answer.body) == (413, b"no")


def test_content_before_the_whole_has_come_in_is_no_answer() -> None:
    def serve(peer: Socket) -> None:
        peer.recv(100)
        peer.sendall(WHOLE)
        gevent.sleep(60)

    with connected_to(serve) as connection, pytest.raises(NotHttp):
        post(connection, endless(), 2**40)


def test_a_peer_that_leaves_in_the_middle_has_reset_the_connection() -> None:
    def serve(peer: Socket) -> None:
        head_and_body(peer, 3 * len(PIECE))

    with connected_to(serve) as connection, pytest.raises(ConnectionResetError):
        post(connection, endless(), 2**40)


def test_a_peer_that_takes_no_more_is_left_when_patience_is_at_an_end() -> None:
    with connected_to(lambda peer: gevent.sleep(60)) as connection, pytest.raises(TimeoutError):
        post(connection, endless(), 2**40, patience_s=0.2)


def test_patience_for_the_answer_begins_when_the_body_is_sent() -> None:
    def serve(peer: Socket) -> None:
        head_and_body(peer, 30)
        gevent.sleep(60)

    def slow() -> Iterator[bytes]:
        for _ in range(3):
            gevent.sleep(0.1)
            yield b"x" * 10

    with connected_to(serve) as connection:
        begun_s = time.monotonic()
        with pytest.raises(TimeoutError):
            post(connection, slow(), 30, patience_s=0.2)
        assert time.monotonic() - begun_s >= 0.5


def test_a_peer_that_takes_a_little_all_the_time_is_left_at_the_deadline() -> None:
    def serve(peer: Socket) -> None:
        while peer.recv(65536):
            gevent.sleep(0.01)

    with connected_to(serve) as connection:
        begun_s = time.monotonic()
        with pytest.raises(TimeoutError):
            post(connection, endless(), 2**40, deadline_s=begun_s + 0.3)
        assert time.monotonic() - begun_s >= 0.3


def test_what_goes_wrong_with_the_pieces_passes_through_though_it_is_a_broken_pipe() -> None:
    def broken() -> Iterator[bytes]:
        yield b"some"
        raise BrokenPipeError("of the one who sends")

    with (
        connected_to(lambda peer: gevent.sleep(60)) as connection,
        pytest.raises(BrokenPipeError, match="of the one who sends"),
    ):
        post(connection, broken(), 9)


def test_what_is_to_be_deleted_is_asked_for_by_name_and_the_answer_may_be_empty() -> None:
    requests: list[bytes] = []

    def serve(peer: Socket) -> None:
        requests.append(heard(peer))
        peer.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        heard(peer)
        peer.sendall(WHOLE)
        gevent.sleep(60)

    with connected_to(serve) as connection:
        assert connection.delete("/clips/a", deadline_s=soon()) == Answer(204, {}, b"")
        assert connection.get("/", deadline_s=soon()) == HELLO
    assert requests[0].startswith(b"DELETE /clips/a HTTP/1.1\r\n")
