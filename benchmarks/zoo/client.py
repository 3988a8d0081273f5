"""One caller: a request at a time, over connections that are kept."""

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

from benchmarks import http_wire
from benchmarks.processes import HOST
from benchmarks.zoo.judging import GRACE_S, Answer
from benchmarks.zoo.operations import Kind, Operation

# What an answer may take beyond its deadline before the client stops listening.
PATIENCE_S = GRACE_S + 3.0
# Shorter than any server here keeps an idle connection: what it closes while a request is on its
# way would count as an answer that never came.
KEPT_S = 1.0
_BY_NAME = frozenset({Kind.LOAD, Kind.UNLOAD, Kind.PIN, Kind.UNPIN})
NOT_A_PICTURE = b"\xff\xd8\xff\xe0 this is no picture"


@dataclass(frozen=True)
class Doors:
    """Where the gateway and the zoo answer, and what proves who asks."""

    gateway_port: int
    zoo_port: int
    token: str


class Wire(NamedTuple):
    """A request as it is sent."""

    method: str
    path: str
    body: bytes | None


def wire(operation: Operation, picture: bytes) -> Wire:
    """That operation as the gateway and the zoo both take it."""
    match operation.kind:
        case Kind.STATUS:
            return Wire("GET", "/v1/models", None)
        case Kind.PLAN:
            return Wire("GET", f"/v1/models/{operation.models[0]}/plan", None)
        case kind if kind in _BY_NAME:
            return Wire("POST", f"/v1/models/{operation.models[0]}/{kind}", None)
    options = [("prompt", prompt) for prompt in operation.prompts]
    if operation.kind is Kind.ENRICH:
        options.insert(0, ("models", ",".join(operation.models)))
        path = "/v1/enrich"
    else:
        path = f"/v1/models/{operation.models[0]}/infer"
    query = f"?{urlencode(options)}" if options else ""
    return Wire("POST", path + query, picture)


class Client:
    """To be used by one thread.

    Args:
        pictures: JPEG files, by the numbers that operations name.
    """

    def __init__(self, doors: Doors, pictures: Sequence[bytes]) -> None:
        self._doors = doors
        self._pictures = pictures
        self._kept: dict[int, tuple[socket.socket, float]] = {}  # port → connection, last used

    def close(self) -> None:
        for connection, _ in self._kept.values():
            connection.close()
        self._kept.clear()

    def ask(self, operation: Operation) -> Answer:
        """Send it and wait for its answer, or for what ends the connection."""
        broken = operation.kind is Kind.BROKEN_PICTURE
        picture = NOT_A_PICTURE if broken else self._pictures[operation.picture]
        port = self._doors.zoo_port if operation.direct else self._doors.gateway_port
        request = _bytes(wire(operation, picture), operation, self._doors.token)
        began_s = time.monotonic()
        try:
            connection = self._connection(port)
            until_s = began_s + operation.deadline_ms / 1000 + PATIENCE_S
            response, surplus = _exchange(connection, request, until_s)
        except (OSError, ValueError) as error:
            return Answer(
                operation, began_s, time.monotonic(), None, error=str(error) or type(error).__name__
            )
        finished_s = time.monotonic()
        if response.closes or surplus:
            connection.close()
        else:
            self._kept[port] = connection, finished_s
        return Answer(
            operation,
            began_s,
            finished_s,
            response.status,
            _document(response.body),
            request_id=_header(response.head, "x-request-id"),
            retry_after=_header(response.head, "retry-after") is not None,
            surplus=surplus,
        )

    def _connection(self, port: int) -> socket.socket:
        """The one kept to this port, unless the server may close it at any moment."""
        kept = self._kept.pop(port, None)
        if kept is not None:
            connection, last_used_s = kept
            if time.monotonic() - last_used_s < KEPT_S and not _ended(connection):
                return connection
            connection.close()
        return socket.create_connection((HOST, port), timeout=PATIENCE_S)


def _bytes(request: Wire, operation: Operation, token: str) -> bytes:
    body = request.body or b""
    head = (
        f"{request.method} {request.path} HTTP/1.1\r\nHost: {HOST}\r\n"
        f"Authorization: Bearer {token}\r\nX-Request-Id: {operation.request_id}\r\n"
        f"X-Request-Timeout-Ms: {operation.deadline_ms}\r\n"
        f"Content-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _exchange(
    connection: socket.socket, request: bytes, until_s: float
) -> tuple[http_wire.Response, bool]:
    """The answer, and whether more came than one.

    Raises:
        OSError: the connection ended without a whole one, or none came in time.
        ValueError: it cannot be read.
    """
    data = b""
    try:
        connection.settimeout(PATIENCE_S)
        connection.sendall(request)
        while True:
            try:
                response = http_wire.parse(data)
            except http_wire.Incomplete:
                connection.settimeout(max(0.001, until_s - time.monotonic()))
                if not (more := connection.recv(2**16)):
                    text = "closed in mid-answer" if data else "closed without an answer"
                    raise ConnectionError(text) from None
                data += more
            else:
                break
    except BaseException:
        connection.close()
        raise
    length = int(_header(response.head, "content-length") or len(response.body))
    surplus = len(response.body) > length
    return response._replace(body=response.body[:length]), surplus


def _ended(connection: socket.socket) -> bool:
    """Whether something lies there that nobody asked for: an end, or another answer."""
    connection.setblocking(False)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _header(head: bytes, name: str) -> str | None:
    for line in head.decode("latin-1").split("\r\n")[1:]:
        found, _, value = line.partition(":")
        if found == name:
            return value.strip()
    return None


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def fetch(port: int, path: str, headers: Mapping[str, str], *, method: str = "GET") -> Any:
    """One JSON answer of status 200; OSError or HTTPException otherwise."""
    with contextlib.closing(http.client.HTTPConnection(HOST, port, timeout=30)) as connection:
        connection.request(method, path, headers=dict(headers))
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise http.client.HTTPException(f"{path} answers {response.status}: {body[:200]!r}")
        return json.loads(body)
