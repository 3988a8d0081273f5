"""HTTP/1.1 as a camera speaks it: kept connections, whole answers, a bound on everything.

Locust's own client is made for web sites. It follows redirects, keeps cookies, unpacks, reads a
body of any size, makes a TLS context for each user, and asks select() whether a connection is still
good, which cannot tell above 1,024 open files: from there on it connects anew for each request.
"""

import select
import socket
import ssl
from collections.abc import Mapping
from typing import NamedTuple

import gevent.monkey
import gevent.socket
from geventhttpclient.response import HTTPParseError, HTTPResponse

from loadtest._load._address import Address

TIMEOUT_S = 10.0
MOST_ANSWER_BYTES = 1 << 20
_READ_BYTES = 1 << 16
# Locust replaces poll() by one that waits for other users; this one is to answer at once.
_poll = gevent.monkey.get_original("select", "poll")


class NoAnswer(Exception):
    """The server has sent something that is not a whole answer; the text says what."""


class Answer(NamedTuple):
    status: int
    content_type: str
    server_timing: str
    body: bytes


class Client:
    """Connections to one gateway, as many as there are frames under way at a time."""

    def __init__(self, address: Address, tls: ssl.SSLContext) -> None:
        self._address = address
        self._tls = tls if address.tls else None
        self._idle: list[socket.socket] = []
        self._closed = False

    def exchange(self, request: bytes) -> Answer:
        """Send a whole request and read its whole answer, connecting where need be.

        Raises:
            TimeoutError: all of it took longer than TIMEOUT_S.
            OSError: the network's errors and those of TLS.
            NoAnswer: what came is no whole answer, or too much.
        """
        with gevent.Timeout(TIMEOUT_S, TimeoutError):
            connection = self._good_connection() or self._connect()
            try:
                _send(connection, request)
                parser = _read(connection)
            except BaseException:
                connection.close()
                raise
        if self._closed or parser.should_close():
            connection.close()
        else:
            self._idle.append(connection)
        return Answer(
            status=parser.get_code(),
            content_type=_header(parser, "content-type"),
            server_timing=_header(parser, "server-timing"),
            body=parser.body,
        )

    def close(self) -> None:
        """Close what is idle; a connection in use is closed after its answer."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _good_connection(self) -> socket.socket | None:
        while self._idle:
            connection = self._idle.pop()
            # Between two frames a server has nothing to say but that it ends the connection.
            waiting = _poll()
            waiting.register(connection.fileno(), select.POLLIN)
            if not waiting.poll(0):
                return connection
            connection.close()
        return None

    def _connect(self) -> socket.socket:
        address = self._address
        connection: socket.socket = gevent.socket.create_connection((address.host, address.port))
        try:
            # TLS sends a picture in several records; without this the last one waits 40 ms for the
            # gateway's delayed acknowledgement of the others.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is None:
                return connection
            return self._tls.wrap_socket(connection, server_hostname=address.host)
        except BaseException:
            connection.close()
            raise


def request_bytes(address: Address, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A whole POST, made once and sent many times."""
    lines = [f"POST {address.prefix}{path} HTTP/1.1", f"Host: {address.host_header}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("ascii") + body


class _Parser(HTTPResponse):
    @property
    def body(self) -> bytes:
        return bytes(self._body_buffer)

    @property
    def whole(self) -> bool:
        """Whether an answer is complete; 100 Continue and its like only come before one."""
        return self.message_complete and self.get_code() >= 200


def _send(connection: socket.socket, request: bytes) -> None:
    try:
        connection.sendall(request)
    except (BrokenPipeError, ConnectionResetError):
        # A server may refuse a picture before it has read all of it: what it said is to be read.
        return


def _read(connection: socket.socket) -> _Parser:
    parser = _Parser("POST")
    received_bytes = 0
    while not parser.whole:
        data = connection.recv(_READ_BYTES)
        received_bytes += len(data)
        if received_bytes > MOST_ANSWER_BYTES:
            raise NoAnswer(f"no answer: more than {MOST_ANSWER_BYTES} bytes")
        try:
            parser.feed(data)
        except HTTPParseError:
            if data:
                raise NoAnswer("no answer: what came is not HTTP") from None
        if not data and not parser.whole:
            part = "within an answer" if received_bytes else "without an answer"
            raise NoAnswer(f"no answer: connection closed {part}")
    return parser


def _header(parser: HTTPResponse, name: str) -> str:
    value = parser.get(name, "")
    return value if isinstance(value, str) else ", ".join(value or ())
