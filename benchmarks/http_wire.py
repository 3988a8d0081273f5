"""HTTP/1.1 as a load generator needs it: bytes made beforehand, an answer found in bytes."""

from collections.abc import Mapping
from typing import NamedTuple

from benchmarks.processes import HOST

_END_OF_HEAD = b"\r\n\r\n"


class Response(NamedTuple):
    """A whole answer. `head` is in lower case."""

    status: int
    head: bytes
    body: bytes

    @property
    def closes(self) -> bool:
        """Whether the server ends the connection after it."""
        return b"\r\nconnection: close" in self.head or self.head.startswith(b"http/1.0")


class Incomplete(Exception):
    """The bytes so far are no whole answer."""


def post(
    path: str, body: bytes, content_type: str, headers: Mapping[str, str] | None = None
) -> bytes:
    """A whole request."""
    further = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n{further}\r\n"
    )
    return head.encode() + body


def parse(data: bytes, *, ended: bool = False) -> Response:
    """Read one answer from the bytes of a connection.

    Args:
        data: what came since the request was sent.
        ended: whether the server has closed the connection.

    Raises:
        Incomplete: more must come.
        ValueError: this is no answer that can be read.
    """
    end = data.find(_END_OF_HEAD)
    if end < 0:
        raise Incomplete
    head = data[: end + 2].lower()
    status, body = int(head[9:12]), data[end + len(_END_OF_HEAD) :]
    length = _header(head, b"content-length")
    if length is not None:
        if len(body) < int(length):
            raise Incomplete
        return Response(status, head, body)
    if _header(head, b"transfer-encoding") == b"chunked":
        return Response(status, head, _joined(body))
    if not ended:
        raise Incomplete
    return Response(status, head, body)


def _header(head: bytes, name: bytes) -> bytes | None:
    start = head.find(b"\r\n" + name + b":")
    if start < 0:
        return None
    start += len(name) + 3
    return head[start : head.index(b"\r\n", start)].strip()


def _joined(chunks: bytes) -> bytes:
    """The body that these chunks carry."""
    body, position = b"", 0
    while True:
        end = chunks.find(b"\r\n", position)
        if end < 0:
            raise Incomplete
        size = int(chunks[position:end].split(b";")[0], 16)
        position = end + 2
        if len(chunks) < position + size + 2:
            raise Incomplete
        if size == 0:
            return body
        body += chunks[position : position + size]
        position += size + 2


def answer_bytes(body: bytes) -> bytes:
    """A whole answer of a server that keeps the connection."""
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
