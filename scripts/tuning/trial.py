"""A Triton of its own that serves a copy of one model, under one configuration after the other."""

import contextlib
import os
import secrets
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil
import requests

from scripts._ports import HOST, free_ports
from scripts._stack import Child, deferred, undisturbed
from scripts.tuning.points import TuningError
from triton_runtime.server import CONTROL_HEADER, complaint

READY_TIMEOUT_S = 120
UNLOAD_TIMEOUT_S = 30
LOAD_TIMEOUT_S = 300


class LoadRefused(TuningError):
    """Triton does not load the model under this configuration. The text is Triton's."""


@dataclass(frozen=True)
class Reading:
    """Counters and sizes at one moment; see `points.Measurement`."""

    cpu_s: float
    other_cpu_s: float
    memory_bytes: int
    executions: dict[int, int]


class TrialServer:
    """Context manager; the model's own folder is only read."""

    def __init__(self, model: Path) -> None:
        self._source = model
        self._model = model.name
        self._folder = tempfile.TemporaryDirectory(prefix="framegate_tuning_")
        self._repository = Path(self._folder.name) / "models"
        self._log = Path(self._folder.name) / "triton.log"
        self._ports = free_ports(3)
        self.address = (HOST, self._ports[0])
        self._url = f"http://{HOST}:{self._ports[0]}/v2"
        self._token = secrets.token_urlsafe(32)
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy stands before loopback
        self._session.headers[CONTROL_HEADER] = self._token
        self._launcher: Child | None = None

    def __enter__(self) -> Self:
        http_port, grpc_port, metrics_port = map(str, self._ports)
        try:
            # Without configs/: config.pbtxt is then what is served, whatever the profile.
            ignored = shutil.ignore_patterns("configs", "__pycache__")
            shutil.copytree(self._source, self._repository / self._model, ignore=ignored)
            with deferred():
                self._launcher = Child(
                    "triton",
                    [sys.executable, "-m", "triton_runtime"],
                    log=Path(self._folder.name) / "launcher.out",
                    env=os.environ
                    | {
                        "FRAMEGATE_TRITON_HOST": HOST,
                        "FRAMEGATE_TRITON_HTTP_PORT": http_port,
                        "FRAMEGATE_TRITON_GRPC_PORT": grpc_port,
                        "FRAMEGATE_TRITON_METRICS_PORT": metrics_port,
                        "FRAMEGATE_TRITON_REPOSITORIES": str(self._repository),
                        "FRAMEGATE_TRITON_CONTROL_TOKEN": self._token,
                        "FRAMEGATE_TRITON_LOG": str(self._log),
                        "FRAMEGATE_QUALITY_MODEL": self._model,
                    },
                )
            self._wait_ready(self._launcher)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def switch(self, config: str) -> None:
        """Serve the model under this text of a config.pbtxt.

        The old copy is gone before the new one is loaded: memory would be counted twice, and a
        change of the batch size alone may otherwise be taken over without new processes.

        Raises:
            LoadRefused: with Triton's reason; the model is then not served.
        """
        self._control("unload", timeout_s=UNLOAD_TIMEOUT_S)
        self._wait_unloaded()
        (self._repository / self._model / "config.pbtxt").write_text(config)
        answer = self._control("load", timeout_s=LOAD_TIMEOUT_S)
        if answer.status_code != 200:
            raise LoadRefused(answer.json().get("error", answer.text))

    def metadata(self) -> dict[str, Any]:
        return self._get("")

    def config(self) -> dict[str, Any]:
        """The configuration that Triton serves, with its defaults filled in."""
        return self._get("/config")

    def read(self) -> Reading:
        assert self._launcher is not None
        cpu_s, memory_bytes = 0.0, 0
        for process in psutil.Process(self._launcher.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                cpu_s += _cpu_s(process)
                memory_bytes += process.memory_full_info().pss
        stats = self._get("/stats")["model_stats"][0]
        executions = {
            one["batch_size"]: one["compute_infer"]["count"] for one in stats["batch_stats"]
        }
        spent = psutil.cpu_times()
        # A guest's time is part of the user's.
        busy_s = sum(spent) - spent.idle - spent.iowait - spent.guest - spent.guest_nice
        other_cpu_s = busy_s - cpu_s - _cpu_s(psutil.Process())
        return Reading(cpu_s, other_cpu_s, memory_bytes, executions)

    def lost(self, error: Exception) -> TuningError:
        """What to raise where the server no longer answers: with its last words."""
        return TuningError(f"Triton does not answer ({error}):\n{self._last_words()}")

    def _get(self, path: str) -> dict[str, Any]:
        answer = self._ask("GET", f"models/{self._model}{path}", timeout_s=10)
        if answer.status_code != 200:
            raise TuningError(f"Triton answered {answer.status_code}: {answer.text}")
        found: dict[str, Any] = answer.json()
        return found

    def _control(self, action: str, *, timeout_s: float) -> requests.Response:
        path = f"repository/models/{self._model}/{action}"
        return self._ask("POST", path, timeout_s=timeout_s)

    def _ask(self, method: str, path: str, *, timeout_s: float) -> requests.Response:
        try:
            return self._session.request(method, f"{self._url}/{path}", timeout=timeout_s)
        except requests.RequestException as error:
            raise self.lost(error) from error

    def _wait_unloaded(self) -> None:
        deadline_s = time.monotonic() + UNLOAD_TIMEOUT_S
        while time.monotonic() < deadline_s:
            index = self._ask("POST", "repository/index", timeout_s=10).json()
            states = {one.get("state") for one in index if one["name"] == self._model}
            if not states & {"READY", "LOADING", "UNLOADING"}:
                return
            time.sleep(0.05)
        raise TuningError(f"{self._model} was not unloaded within {UNLOAD_TIMEOUT_S} s.")

    def _wait_ready(self, launcher: Child) -> None:
        deadline_s = time.monotonic() + READY_TIMEOUT_S
        while launcher.poll() is None and time.monotonic() < deadline_s:
            with contextlib.suppress(requests.RequestException):
                if self._session.get(f"{self._url}/models/{self._model}/ready", timeout=5).ok:
                    return
            time.sleep(0.1)
        raise TuningError(f"Triton did not serve {self._model}:\n{self._last_words()}")

    def _last_words(self) -> str:
        said = self._launcher.last_words() if self._launcher else ""
        return said or complaint(self._log)

    def _close(self) -> None:
        with undisturbed():
            self._session.close()
            if self._launcher is not None:
                self._launcher.stop()
            self._folder.cleanup()


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
