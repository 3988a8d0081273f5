"""What the containers run, outside of them: the images' own commands, environment and health
checks, with the secrets of `make secrets`, on free ports."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from scripts import make_secrets
from tests import dockerfiles
from tests.pictures import astronaut, encode
from tests.processes import (
    PROJECT,
    QUALITY_MODEL,
    STAGES_ALONE,
    Process,
    Session,
    Triton,
    environment,
    free_port,
    wait_until,
)

pytestmark = pytest.mark.triton
BIN = Path(sys.executable).parent
COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]
IMAGES = dockerfiles.read(PROJECT / "deploy/app.Dockerfile")
# Where a container's PATH finds what it starts with.
PATH = f"{BIN}:{PROJECT / 'deploy'}"
PICTURE = encode(astronaut((320, 240)), "JPEG")


def image(name: str) -> dockerfiles.Stage:
    return IMAGES[COMPOSE[name]["build"]["target"]]


class Containers:
    """Services without their containers: what Docker would do with names is done with ports.

    Attributes:
        ports: of each service, in place of the one that its image has.
        operator: a key with every scope.
    """

    def __init__(self, folder: Path, triton: Triton, secrets: Path, operator: str) -> None:
        self.folder = folder
        self.operator = operator
        self.ports = {name: free_port() for name in ("gateway", "enrichment", "monitor")}
        self.moved = {
            "/run/secrets": str(secrets),
            "/data/": f"{folder}/",
            "/spool": str(folder),
            "http://triton:8003": triton.url,
            "http://gateway:8000": self.url("gateway"),
        }
        self.there = QUALITY_MODEL | {
            "FRAMEGATE_PORT": str(self.ports["gateway"]),
            "FRAMEGATE_ENRICHMENT_PORT": str(self.ports["enrichment"]),
            "FRAMEGATE_TRITON_HTTP_PORT": str(triton.http_port),
            "FRAMEGATE_TRITON_GRPC_PORT": str(triton.grpc_port),
            "FRAMEGATE_TRITON_METRICS_PORT": str(triton.metrics_port),
        }

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def here(self, text: str) -> str:
        for container, place in self.moved.items():
            text = text.replace(container, place)
        return text

    def environment(self, name: str) -> dict[str, str]:
        given = image(name).environment | COMPOSE[name].get("environment", {})
        fixed = {n: self.here(v) for n, v in given.items() if not v.startswith("${")}
        loopback = {n: "127.0.0.1" for n, v in fixed.items() if v in COMPOSE}
        path = {"PATH": f"{BIN}:{os.environ['PATH']}"}
        return fixed | loopback | self.there | path

    def command(self, name: str) -> list[str]:
        words = [*image(name).entrypoint, *COMPOSE[name].get("command", image(name).command)]
        return [shutil.which(words[0], path=PATH) or words[0], *map(self.here, words[1:])]

    def start(self, name: str, *more: str) -> Process:
        return Process(self.folder / name, [*self.command(name), *more], self.environment(name))

    def is_healthy(self, name: str) -> bool:
        (port,) = image(name).ports
        first, *words = image(name).healthcheck
        here = [word.replace(f":{port}", f":{self.ports[name]}") for word in words]
        return subprocess.run([BIN / first, *here], cwd=PROJECT, check=False).returncode == 0


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory, triton: Triton) -> Containers:
    folder = tmp_path_factory.mktemp("containers")
    operator = make_secrets.make(folder / "secrets")
    assert operator is not None
    return Containers(folder, triton, folder / "secrets", operator)


def test_the_services_start_healthy_and_closed(containers: Containers) -> None:
    more = {"monitor": ["--port", str(containers.ports["monitor"])]}
    running = {name: containers.start(name, *more.get(name, [])) for name in containers.ports}
    try:
        for name, process in running.items():
            wait_until(
                lambda name=name: containers.is_healthy(name),  # type: ignore[misc]
                timeout_s=60,
                what=f"{name} is healthy: {process.output[-2000:]}",
            )
        with Session() as session:
            route = f"{containers.url('gateway')}/v1/quality"
            jpeg = {"Content-Type": "image/jpeg"}
            key = {"Authorization": f"Bearer {containers.operator}"}
            assert session.post(route, PICTURE, headers=jpeg).status_code == 401
            assert session.post(route, PICTURE, headers=jpeg | key).status_code == 200
            # The zoo behind it, with the token that both have as a file.
            models = f"{containers.url('gateway')}/v1/models"
            assert session.get(models, headers=key).status_code == 200
            assert session.get(f"{containers.url('enrichment')}/v1/models").status_code == 401
            # The monitor reads the gateway's metrics with a key of its own.
            shown = session.get(f"{containers.url('monitor')}/metrics").text
            assert "framegate_monitor" in shown
        run = load(containers)
        assert run.returncode == 0, run.stdout
        assert (containers.folder / "run/summary.json").exists()
    finally:
        codes = {name: process.stop() for name, process in running.items()}
    assert codes["gateway"] == codes["enrichment"] == 0


def load(containers: Containers) -> subprocess.CompletedProcess[str]:
    """A short run of the load tester's master with two workers, as the profile has them."""
    port = free_port()
    address = ["--master-host=127.0.0.1", f"--master-port={port}"]
    workers = [containers.start("loadtest-worker", *address) for _ in range(2)]
    env = environment(containers.environment("loadtest") | STAGES_ALONE)
    short = ["--stages=4", "--min-samples=0", "--stage-duration=3", "--warmup=0"]
    own = [f"--run-dir={containers.folder / 'run'}", f"--master-bind-port={port}"]
    try:
        return subprocess.run(
            [*containers.command("loadtest"), *short, *own],
            cwd=PROJECT,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=90,
            check=False,
        )
    finally:
        for worker in workers:
            worker.stop()


@pytest.mark.parametrize("name", ["models", "fetch"])
def test_the_jobs_begin(name: str, tmp_path: Path) -> None:
    words = [*image(name).entrypoint, *image(name).command]
    here = [
        word.replace("/zoo", str(tmp_path)).replace("/downloads", str(tmp_path)) for word in words
    ]
    ran = subprocess.run(
        [str(BIN / here[0]), *here[1:]], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    if name == "models":
        assert (tmp_path / "pet-classifier/config.pbtxt").exists()
    else:
        assert "pet-classifier" in ran.stdout
