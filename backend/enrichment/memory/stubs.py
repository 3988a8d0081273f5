"""The processes that Triton's Python backend runs models in, one for each instance.

Source: Triton's Python backend, stub_launcher.cc: the last arguments of a stub are the name of the
instance, `<model>_<group>_<index>`, and the kind of its runtime.
"""

import contextlib
import re
from pathlib import Path

import psutil

_PROC = Path("/proc")
_STUB = b"triton_python_backend_stub"


class ModelProcesses:
    """The models' processes of one Triton on this host.

    Args:
        port: that this Triton listens on.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._server: psutil.Process | None = None

    def of(self, model: str) -> list[int] | None:
        """Process ids, none where the model has no process; None where Triton cannot be seen.

        It cannot where it runs on another host, in a container of its own or as another user.
        """
        server = self._find_server()
        if server is None:
            return None
        return [pid for pid in _children(server) if _model_of(pid) == model]

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
    for file in _PROC.glob(f"{pid}/task/*/children"):
        with contextlib.suppress(OSError):  # the thread has ended
            children += map(int, file.read_text().split())
    return children


def _model_of(pid: int) -> str | None:
    """The model of a stub's process; None for any other, and for one that has ended."""
    try:
        arguments = (_PROC / str(pid) / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return None
    if not arguments[0].endswith(_STUB) or len(arguments) < 3:
        return None
    match = re.fullmatch(r"(.+)_\d+_\d+", arguments[-2].decode(errors="replace"))
    return match[1] if match else None
