"""What `make up` starts, on ports of its own and with stand-ins of its own."""

import contextlib
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from backend.enrichment import catalog as catalogs
from backend.enrichment.catalog import Catalog
from backend.triton.grpc_server import TritonServer
from benchmarks.processes import HOST, STEADY_S, Processes, free_port, wait_answering
from benchmarks.zoo.client import Doors, fetch
from benchmarks.zoo.memory import stubs
from benchmarks.zoo.operations import BenchModel
from scripts import make_standins
from scripts._stack import LOGS, PROJECT, Child, StackError
from triton_runtime.server import CONTROL_HEADER

SHIPPED = PROJECT / "triton_models"


@dataclass(frozen=True)
class System:
    """Attributes:
    up: `make up`; all others descend from it.
    triton_port: of HTTP.
    repository: the zoo's models, but for those that the project ships.
    """

    up: Child
    doors: Doors
    triton_port: int
    grpc_port: int
    control_token: str
    repository: Path

    def status(self) -> dict[str, object]:
        """The zoo's own account of all its models."""
        document = fetch(self.doors.zoo_port, "/v1/models", self.bearer)
        assert isinstance(document, dict)
        return document

    def index(self) -> dict[str, str]:
        """Triton's: model → state."""
        control = {CONTROL_HEADER: self.control_token}
        models = fetch(self.triton_port, "/v2/repository/index", control, method="POST")
        return {model["name"]: model.get("state", "UNAVAILABLE") for model in models}

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.doors.token}"}

    def triton(self) -> TritonServer:
        """Triton itself, asked past the zoo."""
        address = f"{HOST}:{self.grpc_port}"
        return TritonServer(address, control_token=self.control_token)

    def triton_process(self) -> psutil.Process:
        return _one(child for child in self._children() if child.name() == "tritonserver")

    def zoo_master(self) -> psutil.Process:
        return _one(
            child
            for child in self._children()
            if child.ppid() == self.up.pid and "enrichment" in " ".join(child.cmdline())
        )

    def zoo_worker(self) -> psutil.Process:
        return _one(self.zoo_master().children())

    def model_process(self) -> tuple[psutil.Process, str]:
        """Any process of a model, with the model's name."""
        found = sorted(stubs(self.repository), key=lambda one: one[1])
        if not found:
            raise psutil.NoSuchProcess(0)
        pid, name = found[len(found) // 2]
        return psutil.Process(pid), name

    def _children(self) -> Iterator[psutil.Process]:
        for child in psutil.Process(self.up.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if child.status() != psutil.STATUS_ZOMBIE:
                    yield child


def _one(found: Iterator[psutil.Process] | list[psutil.Process]) -> psutil.Process:
    """The first; NoSuchProcess where there is none at this moment."""
    for process in found:
        return process
    raise psutil.NoSuchProcess(0)


@dataclass(frozen=True)
class Zoo:
    """Stand-ins in a folder that goes with the run, and the catalogue's rows of what is there."""

    folder: Path
    catalog: Catalog

    @property
    def repository(self) -> Path:
        return self.folder / "models"

    def models(self) -> list[BenchModel]:
        return [
            BenchModel(spec.name, spec.memory_estimate_mb, bool(spec.prompts))
            for spec in self.catalog.values()
        ]

    def smallest(self, count: int) -> list[str]:
        """Names of models that have memory of their own, the smallest first."""
        by_size = sorted(self.models(), key=lambda model: model.size_mb)
        return [model.name for model in by_size if model.size_mb][:count]

    def copy(self, name: str) -> str:
        """The same model under a name that the zoo does not know."""
        other = f"{name}-alone"
        shutil.copytree(self.repository / name, self.repository / other, dirs_exist_ok=True)
        return other


@contextlib.contextmanager
def standins(names: Sequence[str] | None) -> Iterator[Zoo]:
    """Stand-ins of these models, or of all that the project does not ship."""
    scratch = PROJECT / "var/run"
    scratch.mkdir(parents=True, exist_ok=True)
    catalog = catalogs.load()
    with tempfile.TemporaryDirectory(prefix="bench_", dir=scratch) as folder:
        zoo = Zoo(Path(folder), {})
        chosen = list(names) if names else ["--all"]
        if make_standins.main([*chosen, "--kind=cpu", "--repository", str(zoo.repository)]):
            raise StackError("The stand-ins could not be written.")
        there = {
            name: spec
            for name, spec in catalog.items()
            if (not names or name in names)
            and ((zoo.repository / name).is_dir() or (SHIPPED / name).is_dir())
        }
        yield Zoo(zoo.folder, there)


@contextlib.contextmanager
def running(zoo: Zoo, *, budget_mb: int) -> Iterator[System]:
    """`make up` with a budget of this size, ready."""
    ports = {name: free_port() for name in ("gateway", "zoo", "http", "grpc", "metrics")}
    token, control_token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    variables = {
        "FRAMEGATE_PORT": str(ports["gateway"]),
        "FRAMEGATE_ENRICHMENT_PORT": str(ports["zoo"]),
        "FRAMEGATE_TRITON_HTTP_PORT": str(ports["http"]),
        "FRAMEGATE_TRITON_GRPC_PORT": str(ports["grpc"]),
        "FRAMEGATE_TRITON_METRICS_PORT": str(ports["metrics"]),
        "FRAMEGATE_TRITON_REPOSITORIES": f"{SHIPPED},{zoo.repository}",
        "FRAMEGATE_TRITON_CONTROL_TOKEN": control_token,
        "FRAMEGATE_TRITON_LOG": str(LOGS / "bench-triton.log"),
        "FRAMEGATE_INTERNAL_TOKEN": token,
        "FRAMEGATE_VRAM_BUDGET_MB": str(budget_mb),
        # Kept with the run: the next one begins without it, as on a new machine.
        "FRAMEGATE_ZOO_MEASUREMENTS": str(zoo.folder / "measured.json"),
    }
    with Processes() as own:
        up = own.start("up", [sys.executable, "-m", "scripts.up"], variables)
        wait_answering(up, ports["gateway"], "/health/ready", steady_s=STEADY_S)
        wait_answering(up, ports["zoo"], "/health/live")
        yield System(
            up,
            Doors(ports["gateway"], ports["zoo"], token),
            ports["http"],
            ports["grpc"],
            control_token,
            zoo.repository,
        )
