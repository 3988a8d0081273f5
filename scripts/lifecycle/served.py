"""An embedded Triton of its own, asked over HTTP to load, infer and unload."""

import contextlib
import json
import os
import secrets
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import psutil
import requests
from numpy.typing import NDArray

from scripts._ports import HOST, free_ports
from scripts._stack import PROJECT, Child, deferred, undisturbed
from scripts.lifecycle import memory
from scripts.lifecycle.errors import TritonFailed
from scripts.lifecycle.memory import Memory
from triton_runtime.server import CONTROL_HEADER, complaint

READY_TIMEOUT_S = 120.0
LOAD_TIMEOUT_S = 600.0
UNLOAD_TIMEOUT_S = 60.0
INFER_TIMEOUT_S = 300.0
_LOOK_EVERY_S = 0.01
# It is light, and in Triton from the start: a server needs some model.
_FIRST_MODEL = "capture_quality"


class ModelServer:
    """Context manager.

    Args:
        folder: for its logs and, in `models`, what it serves besides the project's own.
    """

    def __init__(self, folder: Path) -> None:
        self.repository = folder / "models"
        self._folder = folder
        self._log = folder / "triton.log"
        self._token = secrets.token_urlsafe(32)
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy stands before loopback
        self._session.headers[CONTROL_HEADER] = self._token
        self._url = ""
        self._launcher: Child | None = None

    def __enter__(self) -> Self:
        self.repository.mkdir(parents=True, exist_ok=True)
        http_port, grpc_port, metrics_port = free_ports(3)
        self._url = f"http://{HOST}:{http_port}/v2"
        try:
            with deferred():
                self._launcher = Child(
                    "triton",
                    [sys.executable, "-m", "triton_runtime"],
                    log=self._folder / "launcher.out",
                    env=os.environ
                    | {
                        "FRAMEGATE_TRITON_HOST": HOST,
                        "FRAMEGATE_TRITON_HTTP_PORT": str(http_port),
                        "FRAMEGATE_TRITON_GRPC_PORT": str(grpc_port),
                        "FRAMEGATE_TRITON_METRICS_PORT": str(metrics_port),
                        "FRAMEGATE_TRITON_REPOSITORIES": (
                            f"{PROJECT / 'triton_models'},{self.repository}"
                        ),
                        "FRAMEGATE_TRITON_CONTROL_TOKEN": self._token,
                        "FRAMEGATE_TRITON_LOG": str(self._log),
                        "FRAMEGATE_QUALITY_MODEL": _FIRST_MODEL,
                    },
                )
            self._wait_ready(self._launcher)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def load(self, name: str) -> None:
        """Return when the model can be asked.

        Raises:
            TritonFailed: with the server's reason.
        """
        self._ask(f"repository/models/{name}/load", timeout_s=LOAD_TIMEOUT_S)

    def unload(self, name: str, processes: set[int]) -> None:
        """Return when the server says that it is done and the model's processes are gone.

        Raises:
            TritonFailed: they are not, after a time.
        """
        self._ask(f"repository/models/{name}/unload", timeout_s=UNLOAD_TIMEOUT_S)
        until_s = time.monotonic() + UNLOAD_TIMEOUT_S
        while self._is_there(name) or self.processes() & processes:
            if time.monotonic() > until_s:
                raise TritonFailed(f"{name} was not unloaded within {UNLOAD_TIMEOUT_S:g} s.")
            time.sleep(_LOOK_EVERY_S)

    def infer(self, name: str, tensor: NDArray[Any], data_type: str) -> None:
        """Ask a model with one input for all of its outputs, which are not looked at."""
        head = json.dumps(
            {
                "inputs": [
                    {
                        "name": "input",
                        "shape": tensor.shape,
                        "datatype": data_type,
                        "parameters": {"binary_data_size": tensor.nbytes},
                    }
                ],
                "parameters": {"binary_data_output": True},
            }
        ).encode()
        self._ask(
            f"models/{name}/infer",
            data=head + np.ascontiguousarray(tensor).tobytes(),
            headers={"Inference-Header-Content-Length": str(len(head))},
            timeout_s=INFER_TIMEOUT_S,
        )

    def memory(self) -> Memory:
        """Of the server and of all its models' processes."""
        return memory.of(self.processes())

    def processes(self) -> set[int]:
        """Process ids of the server and of its models' processes that have not ended."""
        assert self._launcher is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            children = psutil.Process(self._launcher.pid).children(recursive=True)
            return {child.pid for child in children if _lives(child)}
        raise TritonFailed(f"Triton has ended:\n{self._last_words()}")

    def close(self) -> None:
        with undisturbed():
            self._session.close()
            if self._launcher is not None:
                self._launcher.stop()

    def _ask(
        self,
        path: str,
        *,
        timeout_s: float,
        data: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        try:
            answer = self._session.post(
                f"{self._url}/{path}", data=data, headers=headers, timeout=timeout_s
            )
        except requests.RequestException as error:
            raise TritonFailed(
                f"Triton does not answer ({error}):\n{self._last_words()}"
            ) from error
        if answer.status_code != 200:
            raise TritonFailed(f"Triton answered {answer.status_code}: {answer.text[:300]}")
        return answer

    def _is_there(self, name: str) -> bool:
        index = self._ask("repository/index", timeout_s=UNLOAD_TIMEOUT_S).json()
        states = {one.get("state") for one in index if one["name"] == name}
        return bool(states & {"READY", "LOADING", "UNLOADING"})

    def _wait_ready(self, launcher: Child) -> None:
        until_s = time.monotonic() + READY_TIMEOUT_S
        while launcher.poll() is None and time.monotonic() < until_s:
            with contextlib.suppress(requests.RequestException):
                if self._session.get(f"{self._url}/models/{_FIRST_MODEL}/ready", timeout=5).ok:
                    return
            time.sleep(0.1)
        raise TritonFailed(f"Triton did not start:\n{self._last_words()}")

    def _last_words(self) -> str:
        said = self._launcher.last_words() if self._launcher else ""
        return said or complaint(self._log)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
