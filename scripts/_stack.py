"""The processes of the Procfile: started together, watched, and stopped to the last one."""

import contextlib
import http.client
import os
import secrets
import shlex
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from backend.settings import Settings, bracketed
from scripts._revival import Revival
from triton_runtime import preflight
from triton_runtime.errors import LaunchError
from triton_runtime.server import die_with_parent

PROJECT = Path(__file__).resolve().parent.parent
LOGS = PROJECT / "var/log"
READY_TIMEOUT_S = 60
# Each worker answers for itself and remembers a failed probe for a moment, so one answer is no
# proof: all must be good for this long.
STEADY_S = 0.5
# Triton finishes what is in flight within 10 s; its launcher takes three more to insist.
STOP_TIMEOUT_S = 20
# The model zoo's process in the Procfile; the others do without it.
ENRICHMENT = "enrichment"
CONTROL_VARIABLE = "FRAMEGATE_TRITON_CONTROL_TOKEN"
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StackError(Exception):
    """A process could not be started or died. The text is for the person at the terminal."""


class Interrupted(Exception):
    """SIGINT or SIGTERM came in."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.exit_code = 128 + signum


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Within, SIGINT and SIGTERM raise Interrupted in the main thread."""

    def interrupt(signum: int, frame: FrameType | None) -> None:
        raise Interrupted(signum)

    previous = {s: signal.signal(s, interrupt) for s in _STOP_SIGNALS}
    try:
        yield
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, handler)


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """Within, SIGINT and SIGTERM wait: what is started here is noted before they come in."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Within, SIGINT and SIGTERM are ignored: cleaning up is bounded in time and must finish."""
    previous = {s: signal.signal(s, signal.SIG_IGN) for s in _STOP_SIGNALS}
    try:
        yield
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, handler)


class Child:
    """One process with its own group, so that Ctrl-C in the terminal reaches its parent alone."""

    def __init__(
        self,
        name: str,
        command: list[str],
        *,
        log: Path | None = None,
        env: Mapping[str, str] | None = None,
        again: bool = False,
    ) -> None:
        """Start it, in the environment `env`, or in this process's own; `again` goes on in the
        log of an earlier one."""
        self.name = name
        self.log = log
        with contextlib.ExitStack() as files:
            output = files.enter_context(log.open("ab" if again else "wb")) if log else None
            self._process = subprocess.Popen(
                command,
                cwd=PROJECT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
                preexec_fn=set_up_child,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.poll()

    def stop(self, *, first: signal.Signals = signal.SIGTERM) -> int:
        """Ask, wait, insist; returns the exit status."""
        if self.poll() is None:
            self._process.send_signal(first)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_TIMEOUT_S)
        with contextlib.suppress(ProcessLookupError):  # whatever it left behind, too
            os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait()

    def last_words(self) -> str:
        if self.log is None or not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-8:])


def set_up_child() -> None:
    """In the child: listen to signals again, and end when the parent is killed outright."""
    for signum in _STOP_SIGNALS:
        signal.signal(signum, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
    die_with_parent()


class Stack:
    """All processes of the Procfile, as a context manager.

    Args:
        only: names of those wanted; None for all.

    Attributes:
        internal_token: by which they know one another; a fresh one where none is set. Triton takes
            pixels out of shared memory only from who shows it.
    """

    def __init__(self, settings: Settings, *, only: Collection[str] | None = None) -> None:
        self._settings = settings
        self._only = only
        self._children: dict[str, Child] = {}
        self._commands: dict[str, list[str]] = {}
        self._revival = Revival()
        token = settings.internal_token
        self.internal_token = token.get_secret_value() if token else secrets.token_urlsafe(32)
        # Whoever may load models has the same say everywhere; nobody else learns it.
        control = {CONTROL_VARIABLE: secrets.token_urlsafe(32)}
        # A drain is for others to notice; nobody spreads requests over this one gateway.
        own = {"FRAMEGATE_INTERNAL_TOKEN": self.internal_token, "FRAMEGATE_DRAIN_S": "0"}
        set_already = {name: value for name, value in os.environ.items() if value}
        self._env = os.environ | control | set_already | own

    def __enter__(self) -> Self:
        try:
            self._commands = self._read_commands()
            self._check_ports()
            LOGS.mkdir(parents=True, exist_ok=True)
            for name in self._commands:
                self._start(name)
        except OSError as error:
            self.stop()
            raise StackError(f"The system cannot be started: {error}.") from error
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _read_commands(self) -> dict[str, list[str]]:
        commands = read_procfile(PROJECT / "Procfile")
        return {
            name: command
            for name, command in commands.items()
            if self._only is None or name in self._only
        }

    def _check_ports(self) -> None:
        check_port_free(self._settings.host, self._settings.port)
        if ENRICHMENT in self._commands:
            host, port = self._settings.enrichment_host, self._settings.enrichment_port
            check_port_free(host, port, "FRAMEGATE_ENRICHMENT_PORT")

    def _start(self, name: str, *, again: bool = False) -> None:
        with deferred():
            log = LOGS / f"{name}.out"
            self._children[name] = Child(
                name, self._commands[name], log=log, env=self._env, again=again
            )

    def wait_ready(self) -> float:
        """Wait until the gateway scores pictures; returns how long that took, in seconds."""
        started_s = time.monotonic()
        good_since_s: float | None = None
        while True:
            good = _answers_ready(self._settings)
            now_s = time.monotonic()
            good_since_s = (good_since_s or now_s) if good else None
            if good_since_s is not None and now_s - good_since_s >= STEADY_S:
                return good_since_s - started_s
            self.check_alive()
            if now_s - started_s > READY_TIMEOUT_S:
                raise StackError(f"Not ready after {READY_TIMEOUT_S} s. Logs: {LOGS}")
            time.sleep(0.05)

    def check_alive(self) -> None:
        """Raise StackError with the last words of a process that died."""
        for child in self._children.values():
            if (status := child.poll()) is not None:
                raise StackError(_obituary(child, status))

    def revive(self) -> list[str]:
        """Start again what died; a sentence for each death.

        Raises:
            StackError: one died again and again; with its last words.
        """
        told = []
        now_s = time.monotonic()
        for name, child in self._children.items():
            if name in self._revival.due or (status := child.poll()) is None:
                continue
            child.stop()  # whatever it left behind, too
            pause_s = self._revival.died(name, now_s)
            if pause_s is None:
                raise StackError(f"{_obituary(child, status)}\nIt died too often to go on.")
            when = f"in {pause_s:g} s" if pause_s else "now"
            told.append(f"{_obituary(child, status)}\n{name} is started again {when}.")
        for name in self._revival.take_due(time.monotonic()):
            self._start(name, again=True)
        return told

    def restart(self, name: str) -> None:
        """Stop one process and start it again."""
        self._children[name].stop()
        self._start(name, again=True)

    def stop(self) -> None:
        """Stop what was started, last first; safe to call twice."""
        with undisturbed():
            while self._children:
                self._children.popitem()[1].stop()


def _obituary(child: Child, status: int) -> str:
    return f"{child.name} ended (exit status {status}):\n{child.last_words()}"


def read_procfile(path: Path) -> dict[str, list[str]]:
    """Name → arguments, in order, as in `gateway: .venv/bin/gunicorn …`."""
    lines = [line.strip() for line in path.read_text().splitlines()]
    entries = [line.split(":", 1) for line in lines if line and not line.startswith("#")]
    return {name.strip(): shlex.split(command) for name, command in entries}


def check_port_free(host: str, port: int, setting: str = "FRAMEGATE_PORT") -> None:
    try:
        preflight.check_ports(host, {setting: port})
    except LaunchError as error:
        raise StackError(str(error)) from error


def gateway_url(settings: Settings) -> str:
    scheme = "https" if settings.tls_cert else "http"
    return f"{scheme}://{bracketed(_reachable(settings.host))}:{settings.port}"


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared only


def _answers_ready(settings: Settings) -> bool:
    # http.client knows no proxies, which must never stand before loopback.
    connection: http.client.HTTPConnection
    if settings.tls_cert:
        context = ssl.create_default_context(cafile=settings.tls_cert)
        context.check_hostname = False
        connection = http.client.HTTPSConnection(
            _reachable(settings.host), settings.port, timeout=5, context=context
        )
    else:
        connection = http.client.HTTPConnection(_reachable(settings.host), settings.port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
