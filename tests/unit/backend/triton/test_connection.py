"""One connection, against peers that answer well, badly, slowly or not at all."""

import time

import gevent
import numpy as np
import pytest
from gevent import socket
from gevent.event import Event
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.triton.connection import (
    MOST_BODY_BYTES,
    MOST_HEAD_BYTES,
    Answer,
    Connection,
    NotHttp,
)
from tests.processes import free_port
from tests.unit.backend.triton.peers import (
    HEAD,
    HELLO,
    WHOLE,
    Socket,
    answering,
    connected_to,
    heard,
    soon,
)


def get(connection: Connection) -> Answer:
    return connection.get("/v2", deadline_s=soon())


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_request_says_whom_it_asks(host: str) -> None:
    requests: list[bytes] = []

    def serve(peer: Socket) -> None:
        requests.append(heard(peer))
        peer.sendall(WHOLE)
        gevent.sleep(60)

    with connected_to(serve, host) as connection:
        connection.get("/v2/x", headers="a: 1\r\n", deadline_s=soon())
    (request,) = requests
    first, authority, *others = request.decode().split("\r\n")
    assert (first, others) == ("GET /v2/x HTTP/1.1", ["a: 1", "", ""])
    name, port = authority.rsplit(":", 1)
    assert name == ("Host: [::1]" if ":" in host else "Host: 127.0.0.1")
    assert port.isdecimal()


def test_what_is_posted_arrives_in_order_from_where_it_lies() -> None:
    received = bytearray()
    rows = np.arange(300_000, dtype=np.uint8).reshape(3, -1)

    def serve(peer: Socket) -> None:
        while not received.endswith(rows.tobytes()):
            received.extend(peer.recv(65536))
        peer.sendall(WHOLE)
        gevent.sleep(60)

    with connected_to(serve) as connection:
        pieces = [row.data.cast("B") for row in rows]
        answer = connection.post("/p", b"{}", pieces, headers="b: 2\r\n", deadline_s=soon())
    assert answer == HELLO
    head, body = bytes(received).split(b"\r\n\r\n", 1)
    assert head.startswith(b"POST /p HTTP/1.1\r\nHost: 127.0.0.1:")
    assert head.endswith(b"\r\nb: 2\r\nContent-Length: 300002")
    assert body == b"{}" + rows.tobytes()


def test_one_connection_carries_one_exchange_after_another() -> None:
    def serve(peer: Socket) -> None:
        for number in range(4):
            heard(peer)
            peer.sendall(b"HTTP/1.1 20%d OK\r\ncontent-length: 1\r\n\r\n%d" % (number, number))
        gevent.sleep(60)

    with connected_to(serve) as connection:
        answers = [get(connection) for _ in range(4)]
    assert [(a.status, a.body) for a in answers] == [(200 + n, b"%d" % n) for n in range(4)]


def test_an_answer_may_come_byte_by_byte() -> None:
    with connected_to(answering(*(WHOLE[at : at + 1] for at in range(len(WHOLE))))) as connection:
        assert get(connection) == HELLO


@given(cuts=st.lists(st.integers(0, len(WHOLE)), max_size=6).map(sorted))
@settings(max_examples=25)
def test_an_answer_may_be_split_anywhere(cuts: list[int]) -> None:
    ends = [*cuts, len(WHOLE)]
    pieces = [WHOLE[start:end] for start, end in zip([0, *cuts], ends, strict=True)]
    with connected_to(answering(*pieces)) as connection:
        assert get(connection) == HELLO


def test_an_answer_may_have_no_body_and_odd_headers() -> None:
    head = b"HTTP/1.0 404\r\nCONTENT-LENGTH:0\r\nX-A:  b:c \r\nnothing\r\n\r\n"
    with connected_to(answering(head)) as connection:
        assert get(connection) == Answer(
            404, {"content-length": "0", "x-a": "b:c", "nothing": ""}, b""
        )


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"\r\n\r\n",
        b"HTTP/2 200 OK\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 OK 200\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 -20 x\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 " + b"1" * 5000 + b"\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 \xb2 x\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (MOST_BODY_BYTES + 1),
        b"HTTP/1.1 200 OK\r\ncontent-length: " + b"9" * 5000 + b"\r\n\r\n",
        b"x" * (MOST_HEAD_BYTES + 70_000),
    ],
)
def test_what_is_not_an_answer_of_a_v2_server_is_said_to_be_none(said: bytes) -> None:
    with connected_to(answering(said)) as connection, pytest.raises(NotHttp) as caught:
        get(connection)
    assert len(str(caught.value)) < 100


def test_the_largest_body_is_read() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % MOST_BODY_BYTES
    with connected_to(answering(head, bytes(MOST_BODY_BYTES))) as connection:
        assert len(get(connection).body) == MOST_BODY_BYTES


@pytest.mark.parametrize("share", [b"", WHOLE[:20], HEAD, WHOLE[:-1]])
def test_a_peer_that_leaves_before_the_end_has_reset_the_connection(share: bytes) -> None:
    def serve(peer: Socket) -> None:
        heard(peer)
        peer.sendall(share)

    with connected_to(serve) as connection, pytest.raises(ConnectionResetError):
        get(connection)


def test_a_refusal_is_heard_of_a_peer_that_closes_before_it_has_read_the_whole() -> None:
    def refuse(peer: Socket) -> None:
        peer.recv(100)
        peer.sendall(WHOLE)

    pixels = memoryview(bytes(20 * 2**20))  # more than the sockets hold
    with connected_to(refuse) as connection:
        assert connection.post("/v2", b"{}", [pixels], deadline_s=soon()) == HELLO


def test_where_nobody_listens_the_connection_is_refused() -> None:
    with pytest.raises(ConnectionRefusedError):
        Connection("127.0.0.1", free_port(), deadline_s=soon())


def test_a_deadline_that_has_passed_connects_to_nobody_and_asks_nobody() -> None:
    with pytest.raises(TimeoutError):
        Connection("127.0.0.1", free_port(), deadline_s=time.monotonic())
    with connected_to(answering(WHOLE)) as connection:
        with pytest.raises(TimeoutError):
            connection.get("/v2", deadline_s=time.monotonic() - 1)
        assert get(connection) == HELLO


@pytest.mark.parametrize("start", [b"", HEAD])
def test_a_peer_that_goes_on_dribbling_is_left_at_the_deadline(start: bytes) -> None:
    written = []

    def serve(peer: Socket) -> None:
        heard(peer)
        peer.sendall(start.replace(b": 5", b": 1000000"))
        while True:
            peer.sendall(b"x")
            written.append(1)
            gevent.sleep(0.01)

    with connected_to(serve) as connection:
        before_s = time.monotonic()
        with pytest.raises(TimeoutError):
            connection.get("/v2", deadline_s=before_s + 0.2)
        assert time.monotonic() >= before_s + 0.2
    assert len(written) > 1  # each byte came in time, the answer did not


def test_a_peer_that_does_not_read_is_left_at_the_deadline() -> None:
    pieces = [memoryview(bytes(2**20))] * 64
    with connected_to(lambda peer: gevent.sleep(60)) as connection, pytest.raises(TimeoutError):
        connection.post("/p", b"", pieces, deadline_s=time.monotonic() + 0.2)


def test_a_connection_is_stale_once_the_peer_has_closed_it_and_not_before() -> None:
    close = Event()

    def serve(peer: Socket) -> None:
        heard(peer)
        peer.sendall(WHOLE)
        close.wait(10)

    with connected_to(serve) as connection:
        assert not connection.is_stale()
        assert get(connection) == HELLO
        assert not connection.is_stale()
        close.set()
        with gevent.Timeout(10):
            while not connection.is_stale():
                gevent.sleep(0.002)


def test_a_connection_is_stale_where_the_peer_speaks_unasked() -> None:
    def serve(peer: Socket) -> None:
        peer.sendall(WHOLE)
        gevent.sleep(60)

    with connected_to(serve) as connection, gevent.Timeout(10):
        while not connection.is_stale():
            gevent.sleep(0.002)


def test_a_closed_connection_is_stale() -> None:
    with connected_to(lambda peer: gevent.sleep(60)) as connection:
        connection.close()
        assert connection.is_stale()


def test_a_name_is_resolved_anew_for_every_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    where = ["127.0.0.1"]
    resolver = gevent.get_hub().resolver

    def getaddrinfo(host: str, port: int, *_: object) -> list[object]:
        assert host == "triton.example"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (where[0], port))]

    monkeypatch.setattr(resolver, "getaddrinfo", getaddrinfo)
    reached = []
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
        other.bind(("127.0.0.2", port))
        for listener in (one, other):
            listener.listen()
            with (
                Connection("triton.example", port, deadline_s=soon()),
                listener.accept()[0] as peer,
            ):
                reached.append(peer.getsockname()[0])
            where[0] = "127.0.0.2"
    assert reached == ["127.0.0.1", "127.0.0.2"]
