"""The monitor as a child process: a blocking driver call there cannot stall the users here."""

import atexit
import contextlib
import ctypes
import math
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from loadtest._errors import LoadtestError
from loadtest._load._address import parse_address
from monitor.sources.http import is_loopback

ROOT = Path(__file__).resolve().parents[2]
STOP_WITHIN_S = 5.0
_PR_SET_PDEATHSIG = 1


def local_port(url: str) -> int | None:
    """The port behind an address of this machine; None for any other."""
    try:
        address = parse_address(url)
    except LoadtestError:
        return None
    return address.port if is_loopback(address.host) else None


class MonitorChild:
    """Records into a file until stopped; stopped at the latest when this process exits.

    Args:
        watch: Role → local port, of the processes whose CPU is recorded.
        triton_http: Triton's HTTP address, where the sizes of its batches are asked for.
    """

    def __init__(
        self,
        recording: Path,
        diagnostics: Path,
        *,
        at_most_s: float,
        watch: Mapping[str, int] | None = None,
        triton_http: str | None = None,
    ) -> None:
        # The duration bounds the child in any case.
        command = [sys.executable, "-m", "monitor", "record", str(recording.resolve())]
        command += ["--duration", str(math.ceil(at_most_s))]
        # The answers themselves tell what passes in the gateway.
        command += ["--gateway", "off", "--triton-http", triton_http or "off"]
        for watched in [f"{role}={port}" for role, port in (watch or {}).items()] or ["off"]:
            command += ["--watch", watched]
        self._owner_pid = os.getpid()
        self._diagnostics = diagnostics
        with diagnostics.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        atexit.register(self.stop)

    def stop(self) -> str | None:
        """End the child.

        Returns:
            Why there may be no recording, or None.
        """
        atexit.unregister(self.stop)
        if os.getpid() != self._owner_pid:
            return None
        ended_early = self._process.poll()
        if ended_early is None:
            self._signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self._process.wait()
        lines = self._diagnostics.read_text(encoding="utf-8", errors="replace").splitlines()
        if ended_early not in (None, 0):
            last = f": {lines[-1].strip()}" if lines else ""
            return f"the monitor ended early with exit code {ended_early}{last}"
        return None

    def _signal(self, number: signal.Signals) -> None:
        # It leads a process group of its own, so whatever it started goes with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def _end_with_parent() -> None:
    """In the child: however this process ends, killed outright too, the monitor ends with it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
