"""Where the server, its Python backend and the models' Python are; a sentence where one is not.

Two sources have the server: the `nvidia-pytriton` wheel in the models' environment, or a folder
unpacked by hand (`bin/tritonserver`, `lib/`, `backends/python/`), for machines without a registry.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from triton_runtime.errors import LaunchError

HOSTS = Path(__file__).parent / "backends"
BACKEND_FILES = ("libtriton_python.so", "triton_python_backend_utils.py")
STUB = "triton_python_backend_stub"
# The wheel is tagged manylinux_2_35.
MINIMUM_GLIBC = (2, 35)

_PROBE = """
import importlib.metadata, json, sys, sysconfig
def version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
print(json.dumps({
    "version": "%d.%d" % sys.version_info[:2],
    "libdir": sysconfig.get_config_var("LIBDIR") or "",
    "multiarch": sysconfig.get_config_var("MULTIARCH") or "",
    "site_packages": sysconfig.get_path("purelib"),
    "numpy": version("numpy"),
}))
"""


@dataclass(frozen=True)
class ModelsPython:
    """The interpreter of the models' environment, as it describes itself."""

    bin_dir: Path
    version: str
    libpython_dir: Path
    site_packages: Path


@dataclass(frozen=True)
class Installation:
    """Everything a start needs to know about files on disk."""

    server: Path
    library_dir: Path
    backend_files: tuple[Path, ...]
    stub: Path
    python: ModelsPython


def find(models_env: Path, unpacked: Path | None) -> Installation:
    """Locate the server and check that it can run here.

    Raises:
        LaunchError: something is missing, too old or does not fit together.
    """
    check_glibc(os.confstr("CS_GNU_LIBC_VERSION") or "")
    python = probe_python(models_env)
    installation = _from_folder(unpacked, python) if unpacked is not None else _from_wheel(python)
    for file in (installation.server, installation.stub, *installation.backend_files):
        if not file.is_file():
            raise LaunchError(f"Triton is incomplete: {file} is missing. {_remedy(unpacked)}")
    check_stub(installation.stub, python.version)
    return installation


def _from_folder(folder: Path, python: ModelsPython) -> Installation:
    backend = folder / "backends/python"
    return Installation(
        server=folder / "bin/tritonserver",
        library_dir=folder / "lib",
        backend_files=tuple(backend / name for name in BACKEND_FILES),
        stub=backend / STUB,
        python=python,
    )


def _from_wheel(python: ModelsPython) -> Installation:
    home = python.site_packages / "pytriton/tritonserver"
    return Installation(
        server=home / "bin/tritonserver",
        library_dir=python.site_packages / "nvidia_pytriton.libs",
        backend_files=tuple(home / "backends/python" / name for name in BACKEND_FILES),
        stub=home / "python_backend_stubs" / python.version / STUB,
        python=python,
    )


def _remedy(unpacked: Path | None) -> str:
    if unpacked is not None:
        return "FRAMEGATE_TRITON_RUNTIME must hold bin/tritonserver, lib/ and backends/python/."
    return "Run `make envs`."


def check_glibc(reported: str) -> None:
    """Refuse a C library older than the one the server was built for, such as `glibc 2.31`."""
    match = re.fullmatch(r"glibc (\d+)\.(\d+).*", reported)
    if match is None or (int(match[1]), int(match[2])) < MINIMUM_GLIBC:
        needed = ".".join(map(str, MINIMUM_GLIBC))
        raise LaunchError(
            f"Triton's binary needs glibc {needed} or newer and this system has "
            f"{reported or 'another C library'}: use Debian 12, Ubuntu 22.04 or later, "
            "or the container."
        )


def probe_python(models_env: Path) -> ModelsPython:
    """Ask the models' interpreter about itself."""
    executable = models_env / "bin/python"
    if not executable.exists():
        raise LaunchError(f"There is no Python in {models_env}. Run `make envs`.")
    try:
        answer = subprocess.run(
            [executable, "-I", "-c", _PROBE],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        facts = json.loads(answer.stdout)
    except subprocess.CalledProcessError as error:
        raise LaunchError(f"{executable} does not run: {error.stderr.strip()[-200:]}") from error
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise LaunchError(f"{executable} is not a Python that runs: {error}") from error
    check_numpy(facts["numpy"], models_env)
    return ModelsPython(
        bin_dir=models_env / "bin",
        version=facts["version"],
        libpython_dir=find_libpython(facts["version"], Path(facts["libdir"]), facts["multiarch"]),
        site_packages=Path(facts["site_packages"]),
    )


def check_numpy(version: str | None, models_env: Path) -> None:
    """Refuse numpy 2, with which this release's Python backend answers wrong tensors."""
    if version is None:
        raise LaunchError(f"numpy is not installed in {models_env}. Run `make envs`.")
    if int(version.split(".")[0]) >= 2:
        raise LaunchError(
            f"{models_env} has numpy {version}, with which Triton's Python backend answers "
            "wrong tensors. Install numpy<2 there: `make envs` does."
        )


def find_libpython(version: str, libdir: Path, multiarch: str) -> Path:
    """The folder of the shared libpython that the backend's stub links to."""
    name = f"libpython{version}.so.1.0"
    for folder in (
        libdir,
        libdir / multiarch,
        Path("/usr/lib") / multiarch,
        Path("/usr/local/lib"),
    ):
        if (folder / name).is_file():
            return folder
    raise LaunchError(
        f"{name} is missing: Triton's Python backend needs a Python built with a shared library. "
        f"On Debian: apt-get install libpython{version}. With pyenv: "
        "PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install."
    )


def check_stub(stub: Path, version: str) -> None:
    """The stub links to one libpython; it must be that of the models' environment."""
    linked = re.search(rb"libpython(3\.\d+)\.so", stub.read_bytes())
    if linked is not None and linked[1].decode() != version:
        raise LaunchError(
            f"This Triton's Python backend is for Python {linked[1].decode()} and the models' "
            f"environment has {version}. Set FRAMEGATE_TRITON_MODELS_ENV or pack the other stub."
        )


def assemble_backends(installation: Installation, folder: Path) -> None:
    """Put the backends side by side in `folder`: the server refuses links out of it."""
    python = folder / "python"
    python.mkdir(parents=True)
    for file in (*installation.backend_files, installation.stub):
        shutil.copy2(file, python / file.name)
    (python / STUB).chmod(0o755)
    ignore = shutil.ignore_patterns("__pycache__")
    for host in HOSTS.iterdir():
        if host.is_dir() and host.name != "__pycache__":
            shutil.copytree(host, folder / host.name, ignore=ignore)
