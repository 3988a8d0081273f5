"""What a benchmark starts on free loopback ports, and stops to the last one."""

import contextlib
import http.client
import os
import random
import socket
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from scripts._stack import LOGS, Child, StackError, deferred, undisturbed

HOST = "127.0.0.1"
READY_TIMEOUT_S = 60
# Each worker of the gateway answers for itself.
STEADY_S = 0.5
_FIRST_PORT, _END_PORT = 12_000, 32_000  # below Linux's net.ipv4.ip_local_port_range
_ports = iter(random.sample(range(_FIRST_PORT, _END_PORT), _END_PORT - _FIRST_PORT))


class Processes:
    """Children that end with the `with` block, last first."""

    def __init__(self) -> None:
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with undisturbed():
            while self._children:
                self._children.pop().stop()

    def start(self, name: str, command: list[str], variables: Mapping[str, str]) -> Child:
        """Start a command from the project's folder; what it prints goes to var/log/bench-*.out."""
        LOGS.mkdir(parents=True, exist_ok=True)
        log = LOGS / f"bench-{name}.out"
        with deferred():
            child = Child(name, command, log=log, env=clean_environment() | dict(variables))
            self._children.append(child)
        return child

    def stop(self, child: Child) -> None:
        with undisturbed():
            self._children.remove(child)
            child.stop()


def clean_environment() -> dict[str, str]:
    """This process's environment without what must not decide a figure: settings and proxies."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("FRAMEGATE_") and not name.lower().endswith("_proxy")
    }


def free_port() -> int:
    """A port that nothing listens on, and that this process has not been given before.

    Asking the kernel for one (port 0) may give the same port twice, or one that a client's
    connection takes before the server that it was meant for has started.
    """
    for port in _ports:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port
    raise StackError("There is no free port left below the ones that the system hands out itself.")


def wait_answering(child: Child, port: int, path: str, *, steady_s: float = 0.0) -> None:
    """Wait until `path` has answered 200 for `steady_s`; StackError where it does not."""
    started_s = time.monotonic()
    good_since_s: float | None = None
    while True:
        good = _answers(port, path)
        now_s = time.monotonic()
        good_since_s = (good_since_s or now_s) if good else None
        if good_since_s is not None and now_s - good_since_s >= steady_s:
            return
        if child.poll() is not None:
            raise StackError(f"{child.name} ended ({child.poll()}):\n{child.last_words()}")
        if now_s - started_s > READY_TIMEOUT_S:
            raise StackError(f"{child.name} is not ready after {READY_TIMEOUT_S} s: {child.log}")
        time.sleep(0.05)


def _answers(port: int, path: str) -> bool:
    with contextlib.closing(http.client.HTTPConnection(HOST, port, timeout=5)) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
