"""What is left of a body is read and forgotten, so that the next request is found behind it."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import gevent
import pytest
from gevent import socket
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser

from backend.gateway import unread_bodies

Socket: TypeAlias = Any  # gevent's, which has no types
NEXT = b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def ends() -> Iterator[tuple[Socket, Socket]]:
    """A caller's end of a connection and gunicorn's."""
    ours, its = socket.socketpair()
    with ours, its:
        yield ours, its


def head(length: str) -> bytes:
    return b"POST /clips HTTP/1.1\r\nHost: x\r\n" + length.encode() + b"\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.mark.parametrize("read_bytes", [0, 1000, 3 * 2**20])
@pytest.mark.parametrize("chunked", [False, True])
def test_the_next_request_is_found_however_much_was_read(
    ends: tuple[Socket, Socket], chunked: bool, read_bytes: int
) -> None:
    caller, its = ends
    body = bytes(range(256)) * (3 * 2**12)
    first = (
        head("Transfer-Encoding: chunked") + chunk(body[:99]) + chunk(body[99:]) + chunk(b"")
        if chunked
        else head(f"Content-Length: {len(body)}") + body
    )
    sending = gevent.spawn(caller.sendall, first + NEXT)
    parser = RequestParser(Config(), its, None)
    request = next(parser)
    assert request.body.read(read_bytes) == body[:read_bytes]
    unread_bodies.drop(request)
    assert request.body.read(1) == b""
    assert next(parser).path == "/next"
    sending.get(timeout=10)


def test_a_request_without_a_body_costs_no_wait(ends: tuple[Socket, Socket]) -> None:
    caller, its = ends
    caller.sendall(NEXT)
    request = next(RequestParser(Config(), its, None))
    with gevent.Timeout(5):
        unread_bodies.drop(request)
    assert not request.should_close()


def test_others_run_while_a_large_body_is_read(ends: tuple[Socket, Socket]) -> None:
    caller, its = ends
    size_bytes = 8 * 2**20
    turns: list[int] = []

    def others() -> None:
        while True:
            turns.append(1)
            gevent.sleep(0)

    running = gevent.spawn(others)
    sending = gevent.spawn(
        caller.sendall, head(f"Content-Length: {size_bytes}") + bytes(size_bytes)
    )
    request = next(RequestParser(Config(), its, None))
    before = len(turns)
    unread_bodies.drop(request)
    assert len(turns) - before >= size_bytes / (256 * 2**10)
    sending.get(timeout=10)
    running.kill()


def test_a_body_that_does_not_come_to_its_end_has_the_connection_closed(
    ends: tuple[Socket, Socket],
) -> None:
    caller, its = ends
    caller.sendall(head("Content-Length: 1000") + b"some")
    parser = RequestParser(Config(), its, None)
    request = next(parser)
    unread_bodies.drop(request, longest_s=0.05)
    with pytest.raises(StopIteration):
        next(parser)


@pytest.mark.parametrize("rest", [b"zz\r\n", b"5\r\nhelloXXX\r\n"])
def test_chunks_that_are_none_have_the_connection_closed(
    ends: tuple[Socket, Socket], rest: bytes
) -> None:
    caller, its = ends
    caller.sendall(head("Transfer-Encoding: chunked") + rest)
    parser = RequestParser(Config(), its, None)
    request = next(parser)
    unread_bodies.drop(request)
    with pytest.raises(StopIteration):
        next(parser)
