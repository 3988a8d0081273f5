"""The images: what they copy is there and is enough, nobody is root in them, the linter agrees."""

import ast
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend import __version__
from tests import dockerfiles
from tests.processes import PROJECT

DOCKERFILES = sorted(PROJECT.glob("deploy/*.Dockerfile"))
APP = dockerfiles.read(PROJECT / "deploy/app.Dockerfile")
TRITON = dockerfiles.read(PROJECT / "deploy/triton.Dockerfile")["triton.Dockerfile"]
# What an image's command begins with.
ENTRIES = {
    "gateway": ("backend/gateway/gunicorn_conf.py", "backend/gateway/app.py"),
    "enrichment": ("backend/enrichment/gunicorn_conf.py", "backend/enrichment/app.py"),
    "monitor": ("monitor/__main__.py",),
    "loadtest": ("loadtest/__main__.py", "loadtest/locustfile.py"),
    "models": ("scripts/make_standins.py",),
    "fetch": ("scripts/fetch_models.py",),
}


@pytest.mark.parametrize("stage", [*APP.values(), TRITON], ids=[*APP, "triton"])
def test_files_that_an_image_copies_are_there_and_not_ignored(stage: dockerfiles.Stage) -> None:
    sent = (PROJECT / ".dockerignore").read_text().splitlines()
    for source in stage.copied:
        assert (PROJECT / source).exists(), source
        assert any(f"!{sent_path}" in sent for sent_path in (source, source.split("/")[0])), source


def test_what_is_sent_to_the_builder_is_copied_somewhere() -> None:
    """Everything else, secrets and recordings among it, stays outside."""
    ignored = (PROJECT / ".dockerignore").read_text().splitlines()
    copied = {source for stage in [*APP.values(), TRITON] for source in stage.copied}
    assert ignored[0] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} <= copied


def modules_that(module: Path) -> Iterator[Path]:
    """The project's modules that this one imports."""
    for node in ast.walk(ast.parse(module.read_text())):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            place = PROJECT / name.replace(".", "/")
            yield from (
                one for one in (place.with_suffix(".py"), place / "__init__.py") if one.exists()
            )


@pytest.mark.parametrize("name", ENTRIES)
def test_an_image_has_every_package_that_its_command_imports(name: str) -> None:
    waiting = [PROJECT / entry for entry in ENTRIES[name]]
    reached = set(waiting)
    while waiting:
        found = set(modules_that(waiting.pop())) - reached
        reached |= found
        waiting += found
    packages = {module.relative_to(PROJECT).parts[0] for module in reached}
    assert packages <= set(APP[name].copied)


@pytest.mark.parametrize("name", [*ENTRIES, "triton"])
def test_nobody_is_root_in_an_image_and_kubernetes_can_see_it(name: str) -> None:
    uid, _, gid = (TRITON if name == "triton" else APP[name]).user.partition(":")
    assert int(uid) >= 1000
    assert int(gid) >= 1000


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_an_image_says_the_version_that_it_is_built_of(path: Path) -> None:
    arguments = [rest for name, rest in dockerfiles.instructions(path) if name == "ARG"]
    assert f"VERSION={__version__}" in arguments


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_packages_come_by_hash(path: Path) -> None:
    installs = [rest for _, rest in dockerfiles.instructions(path) if "pip install" in rest]
    unlocked = [one for one in installs if "--require-hashes" not in one]
    # As in `make envs`: which build of PyTorch suits depends on the machine.
    assert all("torch.txt" in one for one in unlocked)
    assert len(unlocked) <= len(installs) - 1


def test_services_that_run_say_how_they_are() -> None:
    for name in ("gateway", "enrichment", "monitor"):
        assert any(f":{APP[name].ports[0]}/" in word for word in APP[name].healthcheck), name
    assert TRITON.healthcheck


def test_scripts_that_the_images_run_can_be_run() -> None:
    for script in PROJECT.glob("deploy/*.sh"):
        assert script.stat().st_mode & stat.S_IXUSR, script.name
        subprocess.run(["sh", "-n", script], check=True)


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_the_linter_of_dockerfiles_has_nothing_to_say(path: Path) -> None:
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    hadolint = shutil.which("hadolint", path=places)
    if hadolint is None:
        pytest.skip("missing: hadolint (requirements/dev.txt)")
    ran = subprocess.run(
        [hadolint, "--no-color", path], capture_output=True, text=True, check=False
    )
    assert ran.stdout == ""
    assert ran.returncode == 0
