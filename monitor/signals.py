"""Ctrl-C and SIGTERM as something to wait for, so that neither ever cuts a line in two."""

import select
import signal
import socket
from types import FrameType, TracebackType
from typing import Self

STOPPING = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """`received` is the first signal that came; waiting ends when one does."""

    def __init__(self) -> None:
        self.received: int | None = None

    def __enter__(self) -> Self:
        self._readable, self._writable = socket.socketpair()
        self._readable.setblocking(False)
        self._writable.setblocking(False)
        # A handler that only takes a lock could deadlock with the code it interrupts; the byte
        # that the interpreter writes here cannot.
        self._previous_fd = signal.set_wakeup_fd(self._writable.fileno())
        self._previous = {number: signal.signal(number, self._note) for number in STOPPING}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._previous_fd)
        self._readable.close()
        self._writable.close()

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.received is None:
            self.received = number

    def wait(self, timeout_s: float) -> bool:
        """True when a signal has come, at once if it came before."""
        if self.received is None:
            select.select([self._readable], [], [], max(timeout_s, 0.0))
        return self.received is not None
