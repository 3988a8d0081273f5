"""One run of the server: its command line, its environment, its life and its end."""

import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

from pydantic import SecretStr

from triton_runtime import drain, installation, models, preflight
from triton_runtime.errors import LaunchError
from triton_runtime.installation import Installation
from triton_runtime.settings import PROJECT, ZOO_REPOSITORY, Settings

SHM_PREFIX = "framegate_"
SCRATCH_PREFIX = "triton_"
CONTROL_HEADER = "triton-control"
SHARED_MEMORY_HEADER = "triton-shared-memory"
# Everything that changes the server or shows another client's memory. Inference, health,
# metadata and statistics stay open: on loopback, and behind the gateway elsewhere.
RESTRICTED = "model-repository,logging,trace"
# Triton waits this long for clients that hold idle connections, too.
EXIT_TIMEOUT_S = 5
SPANS_EVERY_MS = 1000
_KILL_MARGIN_S = 3
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Outcome:
    """How the server ended.

    Attributes:
        returncode: the server's own, negative for a signal.
        asked: True where this launcher was told to stop it.
        model_died: True where it was stopped because it had lost a model's process.
    """

    returncode: int
    asked: bool
    model_died: bool


def command_line(
    found: Installation,
    settings: Settings,
    *,
    load: Sequence[str],
    backends: Path,
    shm_prefix: str,
    token: str,
    shared_memory_token: str,
) -> list[str]:
    """The server's arguments, with explicit model control.

    Args:
        load: models that are loaded at start.
        token: what model control asks for.
        shared_memory_token: what a client shows that hands over its pixels in shared memory, which
            goes over HTTP alone.
    """
    return [
        str(found.server),
        *(f"--model-repository={path}" for path in settings.triton_repositories),
        f"--backend-directory={backends}",
        f"--backend-config=python,shm-region-prefix-name={shm_prefix}",
        "--model-control-mode=explicit",
        *(f"--load-model={model}" for model in load),
        f"--model-config-name={settings.triton_config}",
        # Otherwise the whole server reads "not ready" while any model loads or failed.
        "--strict-readiness=false",
        # Every model here says everything in its configuration; completing it would start each
        # model's process twice (measured: 1.6 s to ready instead of 0.4 s).
        "--disable-auto-complete-config",
        f"--exit-timeout-secs={EXIT_TIMEOUT_S}",
        f"--http-address={settings.triton_host}",
        f"--http-port={settings.triton_http_port}",
        f"--grpc-address={settings.triton_host}",
        f"--grpc-port={settings.triton_grpc_port}",
        f"--metrics-address={settings.triton_host}",
        f"--metrics-port={settings.triton_metrics_port}",
        f"--http-restricted-api={RESTRICTED}:{CONTROL_HEADER}={token}",
        f"--http-restricted-api=shared-memory:{SHARED_MEMORY_HEADER}={shared_memory_token}",
        f"--grpc-restricted-protocol={RESTRICTED},shared-memory:{CONTROL_HEADER}={token}",
        *tracing(settings),
    ]


def tracing(settings: Settings) -> list[str]:
    """The arguments that make it trace those requests, and those alone, that say `traceparent`."""
    if settings.triton_traces_url is None:
        return []
    return [
        "--trace-config=mode=opentelemetry",
        f"--trace-config=opentelemetry,url={settings.triton_traces_url}",
        f"--trace-config=opentelemetry,bsp_schedule_delay={SPANS_EVERY_MS}",
        "--trace-config=level=TIMESTAMPS",
        "--trace-config=rate=0",
    ]


def environment(found: Installation, inherited: Mapping[str, str]) -> dict[str, str]:
    """The models' interpreter comes first on PATH: the backend's stub takes its packages from
    the `python3` it finds there, and ignores PYTHONPATH."""
    python = found.python
    kept = {name: value for name, value in inherited.items() if not name.startswith("PYTHON")}
    return kept | {
        "PATH": f"{python.bin_dir}:{inherited.get('PATH', os.defpath)}",
        "LD_LIBRARY_PATH": f"{found.library_dir}:{python.libpython_dir}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }


def run(settings: Settings) -> Outcome:
    """Start the server and stay until it ends or a signal asks for its end.

    Raises:
        LaunchError: the machine or the installation cannot carry it.
    """
    scratch = PROJECT / "var/run"
    # A repository that somebody named has to be there; the one that nobody named begins empty.
    unnamed = {"triton_repositories"} - settings.model_fields_set
    _make(scratch, settings.triton_log.parent, *([ZOO_REPOSITORY] if unnamed else []))
    preflight.check_repositories(settings.triton_repositories)
    wanted = models.wanted_at_start(settings)
    preflight.check_ports(
        settings.triton_host,
        {
            "FRAMEGATE_TRITON_HTTP_PORT": settings.triton_http_port,
            "FRAMEGATE_TRITON_GRPC_PORT": settings.triton_grpc_port,
            "FRAMEGATE_TRITON_METRICS_PORT": settings.triton_metrics_port,
        },
    )
    preflight.check_path(scratch)
    preflight.end_orphans(SHM_PREFIX)
    preflight.sweep_dead_launchers(preflight.SHM, SHM_PREFIX)
    preflight.sweep_dead_launchers(scratch, SCRATCH_PREFIX)
    preflight.check_shm()
    found = installation.find(settings.triton_models_env, settings.triton_runtime)

    shm_prefix = f"{SHM_PREFIX}{os.getpid()}_"
    folder = Path(tempfile.mkdtemp(prefix=f"{SCRATCH_PREFIX}{os.getpid()}_", dir=scratch))
    try:
        installation.assemble_backends(found, folder / "backends")
        control_token = _secret(settings.triton_control_token)
        command = command_line(
            found,
            settings,
            load=wanted,
            backends=folder / "backends",
            shm_prefix=shm_prefix,
            token=control_token,
            shared_memory_token=_secret(settings.internal_token),
        )
        with settings.triton_log.open("wb") as log:
            unload_all = partial(
                drain.unload_all,
                settings.triton_host,
                settings.triton_http_port,
                header=CONTROL_HEADER,
                token=control_token,
            )
            supervisor = _Supervisor(before_stop=unload_all)
            return supervisor.run(command, environment(found, os.environ), log.fileno())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        preflight.sweep_shm(shm_prefix)


def _make(*folders: Path) -> None:
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LaunchError(f"{folder} cannot be made: {error.strerror}.") from error


def _secret(token: SecretStr | None) -> str:
    """What was set; else something that nobody knows."""
    return token.get_secret_value() if token else secrets.token_urlsafe(32)


class _Supervisor:
    """The server process, and what the launcher was told about it.

    Args:
        before_stop: called once before the server is told to stop; must not raise.
    """

    def __init__(self, *, before_stop: Callable[[], None]) -> None:
        self._before_stop = before_stop
        self._server: subprocess.Popen[bytes] | None = None
        self._kill_at_s: float | None = None
        self._model_died = False

    def run(self, command: list[str], env: dict[str, str], log: int) -> Outcome:
        previous = {name: signal.signal(name, self._stop) for name in _STOP_SIGNALS}
        try:
            self._server = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A group of its own: Ctrl-C in the terminal reaches the launcher alone.
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
            if self._kill_at_s is not None:  # told to stop before there was anything to stop
                self._server.terminate()
            returncode = self._wait(self._server)
            return Outcome(returncode, self._kill_at_s is not None, self._model_died)
        finally:
            if self._server is not None:
                _kill_group(self._server)
            for name, handler in previous.items():
                signal.signal(name, handler)

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        if self._kill_at_s is None:
            self._kill_at_s = time.monotonic() + EXIT_TIMEOUT_S + _KILL_MARGIN_S
            self._before_stop()
        if self._server is not None:
            self._server.terminate()

    def _wait(self, server: "subprocess.Popen[bytes]") -> int:
        dead_before: set[int] = set()
        while True:
            try:
                return server.wait(timeout=1)
            except subprocess.TimeoutExpired:
                pass
            if self._kill_at_s is not None:
                if time.monotonic() > self._kill_at_s:
                    _kill_group(server)
                continue
            # This release neither restarts a model's process that died nor fails its requests:
            # they wait for ever. Twice in a row, since an unloaded model's process is dead briefly.
            dead = dead_children(server.pid)
            if dead & dead_before:
                self._model_died = True
                _kill_group(server)
            dead_before = dead


def dead_children(pid: int) -> set[int]:
    """Children of a process that have ended and that it has not noticed."""
    dead = set()
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                state = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]
                if state == "Z":
                    dead.add(int(child))
    return dead


def _kill_group(server: "subprocess.Popen[bytes]") -> None:
    """End the server and the model processes that outlived it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()


def die_with_parent() -> None:
    """In a child, before it runs: a parent that is killed outright takes it along."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def complaint(log: Path) -> str:
    """What the server's log says went wrong, in a few lines."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    errors = [line for line in lines if line.startswith(("error:", "E1", "E0"))]
    # The NVML and CUDA lines are what every machine without a GPU says.
    telling = [line for line in errors if "CudaDriverHelper" not in line]
    return "\n".join(line[:400] for line in telling[-3:]) or "\n".join(lines[-3:])
