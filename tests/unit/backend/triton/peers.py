"""The other end of a connection, doing what a test wants."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import gevent
from gevent import socket

from backend.triton.connection import Answer, Connection

Socket: TypeAlias = Any  # gevent's, which has no types
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n"
WHOLE = HEAD + b"hello"
HELLO = Answer(200, {"content-type": "application/json", "content-length": "5"}, b"hello")


def soon() -> float:
    return time.monotonic() + 10


@contextmanager
def connected_to(serve: Callable[[Socket], None], host: str = "127.0.0.1") -> Iterator[Connection]:
    """A connection whose other end is served by `serve`, and then closed."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen()
        port = listener.getsockname()[1]

        def accept() -> None:
            with listener.accept()[0] as peer:
                serve(peer)

        serving = gevent.spawn(accept)
        try:
            with Connection(host, port, deadline_s=soon()) as connection:
                yield connection
        finally:
            serving.kill()


def heard(peer: Socket) -> bytes:
    """What a request with no body consists of."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        if not (received := peer.recv(4096)):
            raise ConnectionResetError("the connection was closed")
        data += received
    return data


def answering(*pieces: bytes) -> Callable[[Socket], None]:
    """Say `pieces`, each by itself, to the first request, then wait."""

    def serve(peer: Socket) -> None:
        heard(peer)
        for piece in pieces:
            peer.sendall(piece)
            gevent.sleep(0)
        gevent.sleep(60)

    return serve
