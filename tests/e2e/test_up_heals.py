"""`make up` with the model zoo: whatever is killed outright comes back without a hand."""

import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil
import pytest
import requests

from scripts import make_standins
from tests.pictures import astronaut, encode
from tests.processes import PROJECT, QUALITY_MODEL, Process, Session, free_port, wait_until

pytestmark = pytest.mark.triton
PICTURE = encode(astronaut((320, 240)), "JPEG")
MODEL = "osnet-x0-25"


@dataclass
class Up:
    process: Process
    url: str

    def post(self, path: str) -> int | None:
        """The status of an answer; None where there was none."""
        try:
            with Session() as session:
                return session.post(
                    f"{self.url}{path}",
                    data=PICTURE,
                    headers={"Content-Type": "image/jpeg", "X-Request-Timeout-Ms": "5000"},
                    timeout=20,
                ).status_code
        except requests.RequestException:
            return None

    def works(self) -> bool:
        return self.post("/v1/quality") == self.post(f"/v1/models/{MODEL}/infer") == 200

    def find(self, is_it: Callable[[psutil.Process], bool]) -> psutil.Process | None:
        root = psutil.Process(self.process.popen.pid)
        return next((child for child in root.children(recursive=True) if is_it(child)), None)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("up")
    models = folder / "models"
    assert make_standins.main(["--repository", str(models), MODEL]) == 0
    port = free_port()
    names = ("ENRICHMENT_PORT", "TRITON_HTTP_PORT", "TRITON_GRPC_PORT", "TRITON_METRICS_PORT")
    process = Process(
        folder,
        [sys.executable, "-m", "scripts.up"],
        {
            **QUALITY_MODEL,
            **{f"FRAMEGATE_{name}": str(free_port()) for name in names},
            "FRAMEGATE_PORT": str(port),
            "FRAMEGATE_TRITON_REPOSITORIES": f"{PROJECT / 'triton_models'},{models}",
            "FRAMEGATE_TRITON_LOG": str(folder / "triton.log"),
            "FRAMEGATE_ZOO_MEASUREMENTS": str(folder / "measured.json"),
            "PYTHONUNBUFFERED": "1",
        },
    )
    try:
        made = Up(process, f"http://127.0.0.1:{port}")
        # A death before that ends it: what cannot start is not worth repeating.
        wait_until(lambda: "Ready after" in process.output, timeout_s=60)
        wait_until(made.works, timeout_s=60, what="both kinds of picture are answered")
        yield made
    finally:
        assert process.stop(signal.SIGINT) == 0
    assert "Stopped." in process.output


def command_has(*words: str) -> Callable[[psutil.Process], bool]:
    def has(process: psutil.Process) -> bool:
        try:
            command = " ".join(process.cmdline())
        except psutil.Error:
            return False
        return all(word in command for word in words)

    return has


ZOO = "backend/enrichment/gunicorn_conf.py"


@pytest.mark.parametrize(
    "victim",
    [
        pytest.param(lambda one: one.name() == "tritonserver", id="Triton"),
        pytest.param(command_has("triton_runtime"), id="Triton's launcher"),
        pytest.param(command_has("python_backend_stub", f"{MODEL}_0_0"), id="a model's process"),
        pytest.param(command_has(ZOO), id="the zoo's process"),
        pytest.param(
            lambda one: command_has(ZOO)(one) and command_has(ZOO)(one.parent()),
            id="the zoo's worker",
        ),
        pytest.param(command_has("backend/gateway/gunicorn_conf.py"), id="the gateway"),
    ],
)
def test_what_is_killed_comes_back_by_itself(
    up: Up, victim: Callable[[psutil.Process], bool]
) -> None:
    wait_until(lambda: up.works() and up.find(victim) is not None, timeout_s=60)
    killed = up.find(victim)
    assert killed is not None
    killed.kill()

    def another_works() -> bool:
        # A request may bring it back, and an orphan may answer a last one.
        works = up.works()
        return works and up.find(victim) not in (None, killed)

    wait_until(another_works, timeout_s=60, what="another is in its place")
    assert up.process.popen.poll() is None
