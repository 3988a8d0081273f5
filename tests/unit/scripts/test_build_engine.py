"""The engine's builder, with stand-ins for docker and nvidia-smi."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.processes import PROJECT

DOCKER = """#!/bin/sh
printf '%s\\n' "$@" > "$RECORD"
[ -z "$DOCKER_FAILS" ] || exit 3
for argument; do
    case $argument in *:/model) folder=${argument%:/model} ;; esac
done
echo engine > "$folder/model.plan.part"
"""
NVIDIA_SMI = """#!/bin/sh
case $1 in --list-gpus) echo "GPU 0: a card" ;; *) echo "a card" ;; esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the script reads, with versions 2 and 10 imported."""
    for name in ("scripts/build_engine.sh", "deploy/triton.Dockerfile"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    for version in ("2", "10"):
        folder = tmp_path / "triton_models/efficient_fiqa" / version
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_text("graph")
    (tmp_path / "bin").mkdir()
    return tmp_path


def stand_in(checkout: Path, name: str, text: str) -> None:
    (checkout / "bin" / name).write_text(text)
    (checkout / "bin" / name).chmod(0o755)


def build(checkout: Path, *flags: str, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{checkout / 'bin'}:/usr/bin:/bin"
    return subprocess.run(
        [str(checkout / "scripts/build_engine.sh"), *flags],
        env={**os.environ, "PATH": path, "RECORD": str(checkout / "record"), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_newest_version_gets_an_engine_for_all_batch_sizes(checkout: Path) -> None:
    stand_in(checkout, "docker", DOCKER)
    stand_in(checkout, "nvidia-smi", NVIDIA_SMI)
    built = build(checkout, "--opt-batch", "8", "--max-batch", "32")
    assert built.returncode == 0, built.stderr
    asked = (checkout / "record").read_text().splitlines()
    (image,) = (
        line.removeprefix("ARG TRITON_IMAGE=")
        for line in (PROJECT / "deploy/triton.Dockerfile").read_text().splitlines()
        if line.startswith("ARG TRITON_IMAGE=")
    )
    assert image in asked
    assert [flag for flag in asked if "Shapes" in flag or flag == "--fp16"] == [
        "--minShapes=image:1x352x352x3",
        "--optShapes=image:8x352x352x3",
        "--maxShapes=image:32x352x352x3",
        "--fp16",
    ]
    folder = checkout / "triton_models/efficient_fiqa/10"
    assert sorted(path.name for path in folder.iterdir()) == ["model.onnx", "model.plan"]


def test_full_precision_an_older_version_and_another_image_can_be_asked_for(
    checkout: Path,
) -> None:
    stand_in(checkout, "docker", DOCKER)
    stand_in(checkout, "nvidia-smi", NVIDIA_SMI)
    built = build(checkout, "--fp32", "--version", "2", FRAMEGATE_TRITON_IMAGE="an/image:1")
    assert built.returncode == 0, built.stderr
    asked = (checkout / "record").read_text().splitlines()
    assert "--fp16" not in asked
    assert "an/image:1" in asked
    assert (checkout / "triton_models/efficient_fiqa/2/model.plan").exists()


def test_a_failed_build_leaves_no_engine(checkout: Path) -> None:
    stand_in(checkout, "docker", DOCKER)
    stand_in(checkout, "nvidia-smi", NVIDIA_SMI)
    built = build(checkout, DOCKER_FAILS="1")
    assert built.returncode == 1
    assert "trtexec failed" in built.stderr
    assert not list((checkout / "triton_models").rglob("model.plan*"))


def test_without_docker_a_gpu_or_an_import_it_says_what_to_do(checkout: Path) -> None:
    stand_in(checkout, "docker", "#!/bin/sh\n")
    stand_in(checkout, "nvidia-smi", "#!/bin/sh\nexit 9\n")
    assert "No NVIDIA GPU is seen here" in build(checkout).stderr
    (checkout / "bin/docker").unlink()
    if shutil.which("docker", path="/usr/bin:/bin") is None:
        assert "docker is missing" in build(checkout).stderr
    shutil.rmtree(checkout / "triton_models")
    missing = build(checkout)
    assert missing.returncode == 1
    assert "Import the weights first" in missing.stderr


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--max-batch"], "--max-batch needs a whole number"),
        (["--version", "0"], "--version needs a whole number"),
        (["--opt-batch", "x"], "--opt-batch needs a whole number"),
        (["--opt-batch", "8", "--max-batch", "4"], "--opt-batch must not be above --max-batch"),
        (["--int8"], "--int8 is not understood"),
    ],
)
def test_usage_ends_with_2(checkout: Path, flags: list[str], complaint: str) -> None:
    built = build(checkout, *flags)
    assert built.returncode == 2
    assert complaint in built.stderr


def test_help_says_what_comes_before_and_after(checkout: Path) -> None:
    shown = build(checkout, "--help")
    assert shown.returncode == 0
    assert "import_efficient_fiqa --file" in shown.stdout
    assert "FRAMEGATE_TRITON_CONFIG=tensorrt" in shown.stdout
