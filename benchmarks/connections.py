"""Keep-alive connections of one process to one server, without threads: a request on each."""

import select
import socket
from types import TracebackType
from typing import NamedTuple, Self

from benchmarks.http_wire import Incomplete, Response, parse
from benchmarks.processes import HOST

# A whole picture goes out in one call.
_SEND_BUFFER_BYTES = 1 << 20


class Request(NamedTuple):
    """What is sent, which picture it is, and since when its answer is awaited."""

    data: bytes
    picture: int
    since_s: float


class _Connection:
    __slots__ = ("events", "received", "request", "socket", "unsent")

    def __init__(self, port: int) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        self.socket.setblocking(False)
        # Its outcome shows at the first send.
        self.socket.connect_ex((HOST, port))
        self.events = select.EPOLLIN
        self.request: Request | None = None
        self.unsent = memoryview(b"")
        self.received = b""


class Connections:
    """As many as there are requests under way; those that are free wait for the next one."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._epoll = select.epoll()
        self._busy: dict[int, _Connection] = {}
        self._free: list[_Connection] = []
        self._failed: list[tuple[Request, None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for connection in (*self._busy.values(), *self._free):
            connection.socket.close()
        self._epoll.close()

    @property
    def busy(self) -> int:
        """Requests under way."""
        return len(self._busy) + len(self._failed)

    def send(self, request: Request) -> None:
        """Put a request under way, on a free connection or on a new one."""
        connection = self._free.pop() if self._free else self._open()
        connection.request = request
        connection.unsent = memoryview(request.data)
        connection.received = b""
        self._busy[connection.socket.fileno()] = connection
        self._flush(connection)

    def wait(self, timeout_s: float) -> list[tuple[Request, Response | None]]:
        """What was answered within `timeout_s`; None for a connection that broke."""
        done: list[tuple[Request, Response | None]] = [*self._failed]
        self._failed.clear()
        for descriptor, event in self._epoll.poll(0 if done else timeout_s):
            connection = self._busy.get(descriptor)
            if connection is None:  # idle, and the server has closed it
                self._drop_idle(descriptor)
                continue
            if event & select.EPOLLOUT:
                self._flush(connection)
            if event & ~select.EPOLLOUT and connection.request is not None:
                self._receive(connection, done)
        return done

    def abandon(self) -> list[Request]:
        """Give up what is under way; returns it."""
        left = [connection.request for connection in self._busy.values() if connection.request]
        for connection in list(self._busy.values()):
            self._close(connection)
        return left

    def _open(self) -> _Connection:
        connection = _Connection(self._port)
        self._epoll.register(connection.socket, connection.events)
        return connection

    def _flush(self, connection: _Connection) -> None:
        try:
            sent = connection.socket.send(connection.unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._fail(connection)
            return
        connection.unsent = connection.unsent[sent:]
        events = select.EPOLLIN | (select.EPOLLOUT if connection.unsent else 0)
        if events != connection.events:
            self._epoll.modify(connection.socket, events)
            connection.events = events

    def _receive(
        self, connection: _Connection, done: list[tuple[Request, Response | None]]
    ) -> None:
        try:
            data = connection.socket.recv(1 << 16)
            connection.received += data
            response: Response | None = parse(connection.received, ended=not data)
        except BlockingIOError:
            return
        except Incomplete:
            if data:
                return
            response = None
        except (OSError, ValueError):
            response = None
        assert connection.request is not None
        done.append((connection.request, response))
        # An answer before the whole request was read leaves the rest of it in the way.
        if response is None or response.closes or not data or connection.unsent:
            self._close(connection)
        else:
            connection.request = None
            self._free.append(self._busy.pop(connection.socket.fileno()))

    def _fail(self, connection: _Connection) -> None:
        assert connection.request is not None
        self._failed.append((connection.request, None))
        self._close(connection)

    def _close(self, connection: _Connection) -> None:
        del self._busy[connection.socket.fileno()]
        connection.request = None
        connection.socket.close()

    def _drop_idle(self, descriptor: int) -> None:
        for connection in self._free:
            if connection.socket.fileno() == descriptor:
                self._free.remove(connection)
                connection.socket.close()
                return
