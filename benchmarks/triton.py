"""One Triton for a whole run, with the benchmarks' models beside the project's."""

import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import requests
from numpy.typing import NDArray

from benchmarks.processes import HOST, Processes, free_port, wait_answering
from benchmarks.repository import DEFAULT_MODEL, write_repository
from scripts._stack import LOGS, PROJECT, Child
from triton_runtime.server import CONTROL_HEADER, SHARED_MEMORY_HEADER

TIMEOUT_S = 60


@dataclass(frozen=True)
class Triton:
    child: Child
    port: int
    metrics_port: int
    token: str
    internal_token: str

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def control(self) -> dict[str, str]:
        """The header that model control asks for."""
        return {CONTROL_HEADER: self.token}

    @property
    def shared_memory(self) -> dict[str, str]:
        """The header that shared memory asks for."""
        return {SHARED_MEMORY_HEADER: self.internal_token}

    def load(self, model: str) -> None:
        self._post(f"/v2/repository/models/{model}/load", headers=self.control)

    def score(self, model: str, pixels: NDArray[np.uint8]) -> float:
        """The score of one picture, asked without a gateway."""
        body, headers = inference(pixels)
        answer = self._post(f"/v2/models/{model}/infer", data=body, headers=headers)
        return float(answer.json()["outputs"][0]["data"][0])

    def inferences(self, model: str) -> int:
        """How many pictures the model has answered so far."""
        url = f"http://{self.address}/v2/models/{model}/stats"
        with _session() as session:
            stats = session.get(url, timeout=TIMEOUT_S).json()
        return int(stats["model_stats"][0]["inference_count"])

    def _post(
        self, path: str, *, headers: dict[str, str], data: bytes | None = None
    ) -> requests.Response:
        with _session() as session:
            answer = session.post(
                f"http://{self.address}{path}", headers=headers, data=data, timeout=TIMEOUT_S
            )
        answer.raise_for_status()
        return answer


def inference(pixels: NDArray[np.uint8]) -> tuple[bytes, dict[str, str]]:
    """Body and header of the request for one picture's score."""
    head = (
        b'{"inputs":[{"name":"image","shape":[1,352,352,3],"datatype":"UINT8",'
        b'"parameters":{"binary_data_size":371712}}],'
        b'"outputs":[{"name":"score","parameters":{"binary_data":false}}]}'
    )
    return head + pixels.tobytes(), {"Inference-Header-Content-Length": str(len(head))}


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy stands before loopback
    return session


def start_triton(processes: Processes, folder: Path) -> Triton:
    """Start the embedded Triton; the benchmarks' models are written into `folder`."""
    write_repository(folder)
    http_port, grpc_port, metrics_port = (free_port() for _ in range(3))
    token, internal_token = secrets.token_urlsafe(16), secrets.token_urlsafe(32)
    variables = {
        "FRAMEGATE_TRITON_HTTP_PORT": str(http_port),
        "FRAMEGATE_TRITON_GRPC_PORT": str(grpc_port),
        "FRAMEGATE_TRITON_METRICS_PORT": str(metrics_port),
        "FRAMEGATE_TRITON_REPOSITORIES": f"{PROJECT / 'triton_models'},{folder}",
        "FRAMEGATE_TRITON_CONTROL_TOKEN": token,
        "FRAMEGATE_INTERNAL_TOKEN": internal_token,
        "FRAMEGATE_TRITON_LOG": str(LOGS / "bench-triton.log"),
    }
    child = processes.start("triton", [sys.executable, "-m", "triton_runtime"], variables)
    wait_answering(child, http_port, f"/v2/models/{DEFAULT_MODEL}/ready")
    return Triton(child, http_port, metrics_port, token, internal_token)
