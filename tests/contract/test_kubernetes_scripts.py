"""What runs inside Triton's pods, against the real server."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.processes import PROJECT, TOKEN, Triton, free_port, wait_until

pytestmark = pytest.mark.triton
SCRIPTS = PROJECT / "deploy/kubernetes/base"


@pytest.fixture(scope="module")
def own_triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    """A server of these tests' own, since its models are unloaded."""
    if shutil.which("curl") is None:
        pytest.skip("missing: curl")
    settings = {"FRAMEGATE_QUALITY_MODEL": "baseline-synthetic"}
    with Triton(tmp_path_factory.mktemp("triton"), **settings) as server:
        yield server


def run(script: str, *arguments: str, port: int, secrets: Path) -> tuple[int, str]:
    env = {
        "PATH": "/usr/bin:/bin",
        "FRAMEGATE_QUALITY_MODEL": "baseline-synthetic",
        "FRAMEGATE_TRITON_HTTP_PORT": str(port),
        "FRAMEGATE_SECRETS_DIR": str(secrets),
        # No proxy stands before the pod's own server.
        "http_proxy": "http://127.0.0.1:9",
    }
    command = ["sh", str(SCRIPTS / script), *arguments]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    return ended.returncode, ended.stdout.strip()


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    (tmp_path / "framegate_triton_control_token").write_text(f"{TOKEN}\n")
    return tmp_path


def canary(question: str, port: int, secrets: Path) -> tuple[int, str]:
    return run("triton-canary.sh", question, port=port, secrets=secrets)


def test_a_model_that_scores_is_ready_until_the_server_drains(
    own_triton: Triton, secrets: Path
) -> None:
    port = own_triton.http_port
    assert canary("ready", port, secrets) == (0, "the model answered 200")
    assert canary("alive", port, secrets) == (0, "the model answered 200")
    assert run("triton-drain.sh", port=port, secrets=secrets) == (0, "")
    assert canary("ready", port, secrets) == (1, "the model answered 404")
    for model in ("baseline-synthetic", "capture_quality"):
        wait_until(
            lambda model=model: own_triton.infer(model, []).status_code == 404,  # type: ignore[misc]
            what=f"{model} is unloaded",
        )


def test_where_no_server_is_the_canary_fails_and_the_drain_does_not(secrets: Path) -> None:
    port = free_port()
    assert canary("alive", port, secrets) == (1, "the model answered 000")
    assert run("triton-drain.sh", port=port, secrets=secrets)[0] == 0


class Full(BaseHTTPRequestHandler):
    """Triton where the model's queue is full."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(503)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


def test_a_full_queue_is_no_reason_to_be_started_again(secrets: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), Full) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert canary("alive", server.server_port, secrets)[0] == 0
        assert canary("ready", server.server_port, secrets)[0] == 1
        server.shutdown()
