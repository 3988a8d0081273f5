"""The client against a real server that answers with chosen bytes, right and wrong."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest

from loadtest._load import _client
from loadtest._load._address import parse_address
from loadtest._load._client import MOST_ANSWER_BYTES, Client, NoAnswer, request_bytes
from loadtest._load._responses import transport_failure

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
CLOSED = "no answer: connection closed"


class ByteServer:
    """Reads a request up to its end, writes the next answer, and may close then."""

    def __init__(self, answers: list[bytes], *, closes: bool) -> None:
        self._answers = iter(answers)
        self._closes = closes
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0
        self.requests: list[bytes] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                with connection, contextlib.suppress(StopIteration, OSError):
                    while self._exchange(connection) and not self._closes:
                        pass

    def _exchange(self, connection: socket.socket) -> bool:
        request = b""
        while not request.endswith(b"picture"):
            data = connection.recv(65536)
            if not data:
                return False
            request += data
        self.requests.append(request)
        connection.sendall(next(self._answers))
        return True


@pytest.fixture
def serve() -> Iterator[Callable[..., ByteServer]]:
    with contextlib.ExitStack() as started:

        def start(*answers: bytes, closes: bool = True) -> ByteServer:
            server = ByteServer(list(answers), closes=closes)
            started.callback(server.stop)
            return server

        yield start


@contextlib.contextmanager
def client_of(server: ByteServer) -> Iterator[tuple[Client, bytes]]:
    address = parse_address(server.url)
    client = Client(address, ssl.create_default_context())
    try:
        yield client, request_bytes(address, "/v1/quality", {"X": "y"}, b"picture")
    finally:
        client.close()


def test_a_request_is_sent_as_it_should_be_and_its_answer_read(
    serve: Callable[..., ByteServer],
) -> None:
    timed = GOOD.replace(
        b"\r\n\r\n", b"\r\nServer-Timing: a;dur=1\r\nServer-Timing: b;dur=2\r\n\r\n"
    )
    server = serve(timed)
    with client_of(server) as (client, request):
        answer = client.exchange(request)
    assert answer == (200, "application/json", "a;dur=1, b;dur=2", b"{}")
    host = server.url.removeprefix("http://").encode()
    assert server.requests == [
        b"POST /v1/quality HTTP/1.1\r\nHost: " + host + b"\r\nX: y\r\n"
        b"Content-Length: 7\r\n\r\npicture"
    ]


def test_a_connection_is_kept_as_long_as_the_server_keeps_it(
    serve: Callable[..., ByteServer],
) -> None:
    server = serve(GOOD, GOOD, GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), GOOD)
    server._closes = False
    with client_of(server) as (client, request):
        for expected in (1, 1, 1):
            assert client.exchange(request).status == 200
            assert server.connections == expected
        assert client.exchange(request).status == 200
        assert server.connections == 2


def test_a_connection_that_the_server_has_closed_in_between_is_no_failure(
    serve: Callable[..., ByteServer],
) -> None:
    server = serve(GOOD, GOOD)
    with client_of(server) as (client, request):
        client.exchange(request)
        (idle,) = client._idle
        idle.recv(1, socket.MSG_PEEK)  # Waits for the server's end of the connection.
        assert client.exchange(request).status == 200
    assert server.connections == 2


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (b"", f"{CLOSED} without an answer"),
        (GOOD[:20], f"{CLOSED} within an answer"),
        (GOOD[:-1], f"{CLOSED} within an answer"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", f"{CLOSED} within an answer"),
        (b"SSH-2.0-OpenSSH\r\n", "no answer: what came is not HTTP"),
        (b"\x00" * 100, "no answer: what came is not HTTP"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "no answer: what came is not HTTP",
        ),
    ],
)
def test_what_is_no_whole_answer_is_a_failure_with_a_name(
    answer: bytes, name: str, serve: Callable[..., ByteServer]
) -> None:
    with client_of(serve(answer)) as (client, request):
        with pytest.raises(NoAnswer) as raised:
            client.exchange(request)
        assert transport_failure(raised.value) == name


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: ",
    ],
)
def test_no_more_is_read_than_an_answer_may_have(
    head: bytes, serve: Callable[..., ByteServer]
) -> None:
    endless = head + b"x" * (4 * MOST_ANSWER_BYTES)
    with (
        client_of(serve(endless)) as (client, request),
        pytest.raises(NoAnswer, match=f"more than {MOST_ANSWER_BYTES} bytes"),
    ):
        client.exchange(request)


def test_an_answer_in_chunks_after_a_prelude_is_whole(serve: Callable[..., ByteServer]) -> None:
    chunked = (
        b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
    )
    with client_of(serve(chunked)) as (client, request):
        assert client.exchange(request).body == b"{}"


def test_a_redirect_is_not_followed(serve: Callable[..., ByteServer]) -> None:
    elsewhere = b"HTTP/1.1 307 Elsewhere\r\nLocation: /v2\r\nContent-Length: 0\r\n\r\n"
    server = serve(elsewhere, GOOD)
    with client_of(server) as (client, request):
        assert client.exchange(request).status == 307
    assert len(server.requests) == 1


def test_an_answer_that_only_begins_is_given_up_in_time(
    serve: Callable[..., ByteServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_client, "TIMEOUT_S", 0.2)
    server = serve(GOOD[:-1], GOOD)
    server._closes = False
    with client_of(server) as (client, request):
        with pytest.raises(TimeoutError):
            client.exchange(request)
        assert client._idle == []


def test_a_refusal_that_comes_before_the_picture_is_read_is_an_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(10)
                connection.sendall(GOOD.replace(b"200 OK", b"413 Too Large"))
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass

        thread = threading.Thread(target=refuse)
        thread.start()
        address = parse_address(f"http://127.0.0.1:{listener.getsockname()[1]}")
        client = Client(address, ssl.create_default_context())
        answer = client.exchange(request_bytes(address, "/", {}, b"x" * 5_000_000))
        client.close()
        thread.join()
    assert answer.status == 413
