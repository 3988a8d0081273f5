"""The project's processes, as tests start, wait for and stop them."""

import abc
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import psutil
import requests

from benchmarks.processes import free_port as free_port

PROJECT = Path(__file__).resolve().parent.parent
# Of the load tester: one user before the stages and few after them are asked for by few tests.
STAGES_ALONE = {"FRAMEGATE_LOADTEST_BASELINE": "0", "FRAMEGATE_LOADTEST_RECOVERY": "0"}
TOKEN = "token-of-the-tests"
# Unless a test names another: it starts quickly, and a test can compute what it must say.
QUALITY_MODEL = {"FRAMEGATE_QUALITY_MODEL": "capture_quality"}


def wait_until(condition: Callable[[], bool], *, timeout_s: float = 20, what: str = "") -> None:
    """Poll until `condition` holds; fail with `what` after the deadline."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise AssertionError(f"still not so after {timeout_s} s: {what or condition}")
        time.sleep(0.02)


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """A clean environment with a proxy in it that leads nowhere: loopback must not use it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("FRAMEGATE_", "LOCUST_"))
        and name.lower() not in ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
    }
    nowhere = "http://127.0.0.1:9"
    proxies = {"HTTP_PROXY": nowhere, "http_proxy": nowhere, "ALL_PROXY": nowhere}
    return kept | proxies | dict(extra)


class Session(requests.Session):
    """A client that ignores proxies."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False


class Process:
    """A child in its own group whose output goes to a file."""

    def __init__(self, folder: Path, command: list[str], env: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.output_file = folder / "output.log"
        with self.output_file.open("ab") as output:
            self.popen = subprocess.Popen(
                command,
                cwd=PROJECT,
                env=environment(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self.output_file.read_text(errors="replace")

    def wait_answering(self, url: str, *, timeout_s: float = 30, **options: Any) -> None:
        def answers() -> bool:
            if self.popen.poll() is not None:
                raise AssertionError(f"ended with {self.popen.returncode}:\n{self.output[-2000:]}")
            with contextlib.suppress(requests.RequestException), Session() as session:
                return session.get(url, timeout=5, **options).status_code == 200
            return False

        wait_until(answers, timeout_s=timeout_s, what=f"{url} answers 200")

    def stop(self, signum: signal.Signals = signal.SIGTERM, *, timeout_s: float = 25) -> int:
        if self.popen.poll() is None:
            self.popen.send_signal(signum)
        try:
            return self.popen.wait(timeout_s)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.popen.pid, signal.SIGKILL)
            self.popen.wait()


class _Server(abc.ABC):
    """Something that is started, stopped and started again on the same ports."""

    process: Process

    @abc.abstractmethod
    def start(self) -> None:
        """Return once it answers."""

    def stop(self, signum: signal.Signals = signal.SIGTERM) -> int:
        return self.process.stop(signum)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.process.stop()


class Triton(_Server):
    """`python -m triton_runtime` on free ports."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.http_port, self.grpc_port, self.metrics_port = (free_port() for _ in range(3))
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.metrics_url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        self.log = folder / "triton.log"
        self.env = {
            "FRAMEGATE_TRITON_HTTP_PORT": str(self.http_port),
            "FRAMEGATE_TRITON_GRPC_PORT": str(self.grpc_port),
            "FRAMEGATE_TRITON_METRICS_PORT": str(self.metrics_port),
            "FRAMEGATE_TRITON_CONTROL_TOKEN": TOKEN,
            "FRAMEGATE_TRITON_LOG": str(self.log),
            **QUALITY_MODEL,
        } | settings

    def start(self) -> None:
        self.process = Process(self.folder, [sys.executable, "-m", "triton_runtime"], self.env)
        model = self.env["FRAMEGATE_QUALITY_MODEL"]
        self.process.wait_answering(f"{self.url}/v2/models/{model}/ready")

    def __exit__(self, *error: object) -> None:
        """Quicker than a stop, which is tested elsewhere: the launcher cleans up all the same."""
        if self.process.popen.poll() is None:
            for server in psutil.Process(self.process.popen.pid).children():
                server.kill()
            self.process.popen.wait(10)
        self.process.stop()

    def control(self, action: str, model: str) -> requests.Response:
        """`load` or `unload` a model, with the header that this needs."""
        with Session() as session:
            return session.post(
                f"{self.url}/v2/repository/models/{model}/{action}",
                headers={"triton-control": TOKEN},
                timeout=60,
            )

    def infer(self, model: str, inputs: list[dict[str, Any]]) -> requests.Response:
        with Session() as session:
            url = f"{self.url}/v2/models/{model}/infer"
            return session.post(url, json={"inputs": inputs}, timeout=30)


class Gateway(_Server):
    """The gateway under gunicorn on a free port."""

    def __init__(self, folder: Path, *, triton_port: int, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            "FRAMEGATE_PORT": str(self.port),
            "FRAMEGATE_TRITON_HTTP_PORT": str(triton_port),
            # Nobody is there, unless a test says who.
            "FRAMEGATE_ENRICHMENT_PORT": str(free_port()),
            **QUALITY_MODEL,
        } | settings

    def launch(self) -> None:
        """Start it without waiting for an answer."""
        gunicorn = str(Path(sys.executable).parent / "gunicorn")
        command = [gunicorn, "--config", "backend/gateway/gunicorn_conf.py"]
        self.process = Process(self.folder, command, self.env)

    def start(self) -> None:
        self.launch()
        if "FRAMEGATE_TLS_CERT" in self.env:
            self.url = f"https://127.0.0.1:{self.port}"
            self.process.wait_answering(
                f"{self.url}/health/live", verify=self.env["FRAMEGATE_TLS_CERT"]
            )
        else:
            self.process.wait_answering(f"{self.url}/health/live")

    def post(
        self,
        body: bytes,
        content_type: str | None = "image/jpeg",
        *,
        query: str = "",
        **headers: str,
    ) -> requests.Response:
        """POST /v1/quality."""
        sent = ({"Content-Type": content_type} if content_type else {}) | headers
        with Session() as session:
            url = f"{self.url}/v1/quality{query}"
            return session.post(url, data=body, headers=sent, timeout=30)

    def get(self, path: str, **headers: str) -> requests.Response:
        with Session() as session:
            return session.get(f"{self.url}{path}", headers=headers, timeout=30)


class Enrichment(_Server):
    """The model zoo's process under gunicorn on a free port."""

    def __init__(self, folder: Path, *, triton_grpc_port: int, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            "FRAMEGATE_ENRICHMENT_PORT": str(self.port),
            "FRAMEGATE_TRITON_GRPC_PORT": str(triton_grpc_port),
            "FRAMEGATE_TRITON_CONTROL_TOKEN": TOKEN,
            "FRAMEGATE_ZOO_MEASUREMENTS": str(folder / "measured.json"),
            **QUALITY_MODEL,
        } | settings

    def start(self) -> None:
        gunicorn = str(Path(sys.executable).parent / "gunicorn")
        command = [gunicorn, "--config", "backend/enrichment/gunicorn_conf.py"]
        self.process = Process(self.folder, command, self.env)
        self.process.wait_answering(f"{self.url}/health/live")

    def get(self, path: str, **headers: str) -> requests.Response:
        with Session() as session:
            return session.get(f"{self.url}{path}", headers=headers, timeout=60)

    def post(self, path: str, body: bytes = b"", **headers: str) -> requests.Response:
        with Session() as session:
            return session.post(f"{self.url}{path}", data=body, headers=headers, timeout=60)

    def model(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/v1/models/{name}").json()
        return found


class Redis(_Server):
    """A real Redis on a free port that keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no"]
        self.process = Process(self.folder, command, {})
        wait_until(self._answers, what=f"Redis answers on port {self.port}")

    def _answers(self) -> bool:
        if self.process.popen.poll() is not None:
            raise AssertionError(f"Redis ended:\n{self.process.output[-2000:]}")
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16) == b"+PONG\r\n"
        except OSError:
            return False


class KnownServer(_Server):
    """`python -m tests.known_server` on free ports.

    Args:
        options: its flags without dashes in front, as in `service_ms=20`; a flag that takes no
            value is True.
    """

    def __init__(self, folder: Path, **options: object) -> None:
        self.folder = folder
        self.port, self.metrics_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.metrics_url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        self._options = {"port": self.port, "metrics_port": self.metrics_port} | options

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.known_server"]
        for name, value in self._options.items():
            flag = f"--{name.replace('_', '-')}"
            command += [flag] if value is True else [flag, str(value)]
        self.process = Process(self.folder, command, {})
        self.process.wait_answering(f"{self.url}/health/ready")
