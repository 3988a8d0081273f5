"""One keep-alive HTTP/1.1 connection, read as Triton and the zoo write: head and sized body."""

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from gevent import socket
from gevent.socket import wait_readwrite

from backend.errors import TritonError

# Of an answer: Triton's are a few hundred bytes, a model's configuration some thousands.
MOST_HEAD_BYTES = 64 * 2**10
MOST_BODY_BYTES = 16 * 2**20
NO_CONTENT = 204  # which says no length either
_READ_BYTES = 64 * 2**10
_END_OF_HEAD = b"\r\n\r\n"


class NotHttp(Exception):
    """What came back is no answer of a v2 server."""


# What an exchange ends in where it brings no answer, or not the one that was hoped for.
UNUSABLE = (OSError, NotHttp, TritonError)


@dataclass(frozen=True)
class Answer:
    """Header names are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """One exchange at a time, each before a deadline on the clock of time.monotonic().

    After any exception it is of no more use: close it.
    """

    def __init__(self, host: str, port: int, *, deadline_s: float) -> None:
        """Resolve the name, which may lead elsewhere than the last time, and connect.

        Raises:
            OSError: nobody is there, or not in time.
        """
        self._authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._socket = socket.create_connection((host, port), _left_s(deadline_s))
        # Head and pixels go out in several writes; none must wait for an acknowledgement.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def is_stale(self) -> bool:
        """True where the other side closed it, or speaks without having been asked."""
        self._socket.settimeout(0.0)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def get(self, path: str, *, headers: str = "", deadline_s: float) -> Answer:
        return self._ask("GET", path, headers, deadline_s)

    def delete(self, path: str, *, headers: str = "", deadline_s: float) -> Answer:
        return self._ask("DELETE", path, headers, deadline_s)

    def post(
        self,
        path: str,
        document: bytes,
        pieces: Sequence[memoryview] = (),
        *,
        headers: str = "",
        deadline_s: float,
    ) -> Answer:
        """Send JSON and what follows it, each piece from where it lies.

        Args:
            headers: more of them, each ended by CR LF.

        Raises:
            TimeoutError: not done before `deadline_s`.
            OSError, NotHttp: the other side left, or is no v2 server.
        """
        head = self._head_of_post(path, len(document) + sum(p.nbytes for p in pieces), headers)
        # Who refuses a request may close before it has read the whole: then the answer is here.
        with suppress(BrokenPipeError, ConnectionResetError):
            self._send(head + document, deadline_s)
            for piece in pieces:
                self._send(piece, deadline_s)
        return self._read(deadline_s)

    def post_stream(
        self,
        path: str,
        pieces: Iterable[bytes],
        size_bytes: int,
        *,
        headers: str = "",
        deadline_s: float,
        patience_s: float,
    ) -> Answer:
        """Send a body while it comes in, and no more of it once the other side has answered.

        Args:
            pieces: `size_bytes` in all; what they raise passes through, and nothing is read then.
            patience_s: longest wait for the other side to take something, or to answer in the end.

        Raises:
            TimeoutError: not done before `deadline_s`, or the other side's time was up.
            OSError, NotHttp: the other side left, or is no v2 server.
        """

        def by_s() -> float:
            return min(deadline_s, time.monotonic() + patience_s)

        whole = False
        if self._send_unless_answered(self._head_of_post(path, size_bytes, headers), by_s()):
            whole = all(self._send_unless_answered(piece, by_s()) for piece in pieces)
        answer = self._read(by_s())
        if not whole and answer.status < 300:
            raise NotHttp("content with what has not arrived")
        return answer

    def _ask(self, method: str, path: str, headers: str, deadline_s: float) -> Answer:
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._authority}\r\n{headers}\r\n"
        self._send(head.encode(), deadline_s)
        return self._read(deadline_s)

    def _head_of_post(self, path: str, size_bytes: int, headers: str) -> bytes:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._authority}\r\n"
            f"{headers}Content-Length: {size_bytes}\r\n\r\n"
        )
        return head.encode()

    def _send_unless_answered(self, data: bytes, deadline_s: float) -> bool:
        """False where the other side speaks or leaves before it has taken all of `data`."""
        rest = memoryview(data)
        try:
            while rest:
                # Who refuses a body may also just stop reading it: then there is never more room.
                wait_readwrite(self._socket.fileno(), _left_s(deadline_s))
                if self.is_stale():
                    return False
                with suppress(BlockingIOError):
                    rest = rest[self._socket.send(rest) :]
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def _send(self, data: bytes | memoryview, deadline_s: float) -> None:
        self._socket.settimeout(_left_s(deadline_s))
        self._socket.sendall(data)

    def _read(self, deadline_s: float) -> Answer:
        received = b""
        while (end := received.find(_END_OF_HEAD)) < 0:
            if len(received) > MOST_HEAD_BYTES:
                raise NotHttp("a head without an end")
            received += self._receive(deadline_s)
        status, headers = _parse_head(received[:end])
        size = 0 if status == NO_CONTENT else _body_size(headers)
        body = received[end + len(_END_OF_HEAD) :]
        while len(body) < size:
            body += self._receive(deadline_s)
        return Answer(status, headers, body[:size])

    def _receive(self, deadline_s: float) -> bytes:
        self._socket.settimeout(_left_s(deadline_s))
        data: bytes = self._socket.recv(_READ_BYTES)
        if not data:
            raise ConnectionResetError("closed before the answer was whole")
        return data


def _left_s(deadline_s: float) -> float:
    """Seconds until `deadline_s`; a socket takes 0 for "do not wait", so that is too late."""
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError("the deadline has passed")
    return left_s


def _parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    parts = first.split(" ", 2)
    if len(parts) < 2 or not parts[0].startswith("HTTP/1.") or not _is_number(parts[1], digits=3):
        raise NotHttp(first[:80])
    pairs = (line.partition(":") for line in lines)
    return int(parts[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}


def _body_size(headers: dict[str, str]) -> int:
    text = headers.get("content-length", "")
    if not _is_number(text, digits=len(str(MOST_BODY_BYTES))) or int(text) > MOST_BODY_BYTES:
        raise NotHttp(f"Content-Length: {text[:40] or '(none)'}")
    return int(text)


def _is_number(text: str, *, digits: int) -> bool:
    # Python itself refuses to read very long ones.
    return text.isdecimal() and len(text) <= digits
