"""The Triton that is measured: one of the benchmark's own, or one that runs already."""

import os
import secrets
import socket
import sys
import time
from pathlib import Path
from typing import Protocol, Self

import psutil

from backend.enrichment.memory.stubs import ModelProcesses
from backend.errors import TritonUnavailable
from backend.settings import is_loopback
from backend.triton.grpc_server import TritonServer
from benchmarks.processes import HOST, Processes, free_port, wait_answering
from scripts._stack import LOGS, PROJECT, Child
from scripts.vram.troubles import UsageError

# Where the server and its models' environment are, where somebody has said so.
_HANDED_ON = ("FRAMEGATE_TRITON_RUNTIME", "FRAMEGATE_TRITON_MODELS_ENV", "FRAMEGATE_TRITON_CONFIG")
# Some quality model is always loaded; this one starts quickly and needs no other.
_QUALITY_MODEL = "capture_quality"
_GRPC_TIMEOUT_S = 10.0


class Place(Protocol):
    """A context manager, within which the server can be asked."""

    server: TritonServer
    processes: ModelProcesses

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def renew(self) -> bool:
        """Start the server again, so that the next model finds it new; False where that is not
        the benchmark's to do."""


class OwnTriton:
    """The embedded server, on free ports.

    Args:
        repository: of the zoo's models, beside those that the project ships.
    """

    def __init__(self, repository: Path) -> None:
        self._http_port, self._grpc_port, self._metrics_port = (free_port() for _ in range(3))
        self._repository = repository
        self._token = secrets.token_urlsafe(32)
        self._own = Processes()
        self._child: Child | None = None
        self.server = TritonServer(f"{HOST}:{self._grpc_port}", control_token=self._token)
        self.processes = ModelProcesses(self._grpc_port)

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._own.__exit__(None, None, None)
        self.server.close()

    def renew(self) -> bool:
        if self._child is not None:
            self._own.stop(self._child)
        self._start()
        return True

    def _start(self) -> None:
        variables = {name: os.environ[name] for name in _HANDED_ON if os.environ.get(name)} | {
            "FRAMEGATE_TRITON_HTTP_PORT": str(self._http_port),
            "FRAMEGATE_TRITON_GRPC_PORT": str(self._grpc_port),
            "FRAMEGATE_TRITON_METRICS_PORT": str(self._metrics_port),
            "FRAMEGATE_TRITON_REPOSITORIES": f"{PROJECT / 'triton_models'},{self._repository}",
            "FRAMEGATE_TRITON_CONTROL_TOKEN": self._token,
            "FRAMEGATE_TRITON_LOG": str(LOGS / "bench-vram-triton.log"),
            "FRAMEGATE_QUALITY_MODEL": _QUALITY_MODEL,
        }
        command = [sys.executable, "-m", "triton_runtime"]
        self._child = self._own.start("vram-launcher", command, variables)
        wait_answering(self._child, self._http_port, "/v2/health/ready")
        self._wait_for_grpc()

    def _wait_for_grpc(self) -> None:
        """A connection that was lost looks again a second later at most."""
        until_s = time.monotonic() + _GRPC_TIMEOUT_S
        while True:
            try:
                self.server.index()
            except TritonUnavailable:
                if time.monotonic() > until_s:
                    return  # whoever asks is told
                time.sleep(0.05)
            else:
                return


class GivenTriton:
    """One that somebody else has started on this machine.

    Raises:
        UsageError: it is another machine's, whose memory nobody sees from here.
    """

    def __init__(self, host: str, port: int, *, token: str) -> None:
        if not is_here(host):
            raise UsageError(
                f"{host} is another machine, whose memory cannot be seen from here: run the "
                "benchmark there."
            )
        self.server = TritonServer(f"{host}:{port}", control_token=token)
        self.processes = ModelProcesses(port)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.server.close()

    def renew(self) -> bool:
        return False


def is_here(host: str) -> bool:
    """Whether a name or an address is this machine's."""
    plain = host.strip("[]")
    if is_loopback(plain):
        return True
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(plain, None)}
    except OSError:
        return False
    own = {
        address.address.partition("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
    }
    return bool(found) and found <= own
