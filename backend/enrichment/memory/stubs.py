"""The processes that Triton's Python backend runs models in, one for each instance.

Source: Triton's Python backend, stub_launcher.cc: the last arguments of a stub are the name of the
instance, `<model>_<group>_<index>`, and the kind of its runtime.
"""

import contextlib
import math
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

# All models are asked about at once, and a process lives for longer than this.
_LIFETIME_S = 0.05
_STUB = b"triton_python_backend_stub"


class ModelProcesses:
    """The models' processes of one Triton on this host.

    Args:
        port: that this Triton listens on.
    """

    def __init__(self, port: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._port = port
        self._clock = clock
        self._server: psutil.Process | None = None
        self._seen_at_s = -math.inf
        self._seen: Mapping[str, list[int]] | None = None

    def of(self, model: str) -> list[int] | None:
        """Process ids, none where the model has no process; None where Triton cannot be seen.

        It cannot where it runs on another host, in a container of its own or as another user.
        """
        if self._clock() - self._seen_at_s > _LIFETIME_S:
            self._seen, self._seen_at_s = self._look(), self._clock()
        return None if self._seen is None else self._seen.get(model, [])

    def _look(self) -> Mapping[str, list[int]] | None:
        server = self._find_server()
        if server is None:
            return None
        found: dict[str, list[int]] = {}
        for pid in _children(server):
            if (model := _model_of(pid)) is not None:
                found.setdefault(model, []).append(pid)
        return found

    def _find_server(self) -> int | None:
        if self._server is not None and self._server.is_running():
            return self._server.pid
        self._server = None
        with contextlib.suppress(psutil.Error):
            for connection in psutil.net_connections("tcp"):
                # The address is (ip, port), or empty where the system does not say.
                here = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (
                    self._port,
                )
                if here and connection.pid:
                    self._server = psutil.Process(connection.pid)
                    return connection.pid
        return None


def _children(pid: int) -> list[int]:
    # Any of its threads may have started one.
    children: list[int] = []
    with contextlib.suppress(OSError):  # it has ended
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                children += map(int, (task / "children").read_text().split())
    return children


def _model_of(pid: int) -> str | None:
    """The model of a stub's process; None for any other, and for one that has ended."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return None
    if not arguments[0].endswith(_STUB) or len(arguments) < 3:
        return None
    match = re.fullmatch(r"(.+)_\d+_\d+", arguments[-2].decode(errors="replace"))
    return match[1] if match else None
