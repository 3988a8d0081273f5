"""Processes killed outright, and the system once nobody asks for anything any more."""

import contextlib
import http.client
import signal
import time
from collections.abc import Callable, Mapping

import psutil

from benchmarks.zoo.operations import Fault
from benchmarks.zoo.system import System
from benchmarks.zoo.verdicts import Kill, unsettled

# How long what is to be killed may be away just then.
THERE_WITHIN_S = 10.0
SETTLED_WITHIN_S = 30.0


def kill(system: System, fault: Fault) -> Kill | None:
    """Kill it; None where it was not there all the time."""
    until_s = time.monotonic() + THERE_WITHIN_S
    while time.monotonic() < until_s:
        with contextlib.suppress(psutil.Error):
            process, what = _VICTIMS[fault](system)
            at_s = time.monotonic()
            process.send_signal(signal.SIGKILL)
            return Kill(fault, at_s, what)
        time.sleep(0.05)
    return None


_VICTIMS: Mapping[Fault, Callable[[System], tuple[psutil.Process, str]]] = {
    Fault.MODEL: lambda system: system.model_process(),
    Fault.TRITON: lambda system: (system.triton_process(), "tritonserver"),
    Fault.WORKER: lambda system: (system.zoo_worker(), "gunicorn's worker"),
    Fault.MASTER: lambda system: (system.zoo_master(), "gunicorn's master"),
}


def settle(system: System) -> list[str]:
    """Wait until everything is as it must be; what is not so by the end."""
    until_s = time.monotonic() + SETTLED_WITHIN_S
    while True:
        try:
            left = unsettled(system.status(), system.index())
        except (OSError, http.client.HTTPException) as error:
            left = [f"nobody tells: {error}"]
        if not left or time.monotonic() >= until_s:
            return left
        time.sleep(0.2)
