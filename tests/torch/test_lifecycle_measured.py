"""Real networks in real processes and in the real Triton, measured."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from scripts.lifecycle import campaign
from scripts.lifecycle.benchmark import ModelLifecycleBenchmark
from scripts.lifecycle.campaign import Findings, Plan
from scripts.lifecycle.errors import UsageError
from scripts.lifecycle.kinds import Kind
from scripts.lifecycle.metrics import Isolation, Lifecycle
from scripts.lifecycle.verdicts import LEAK, LOAD_TIME, Verdict
from scripts.lifecycle.ways import InProcess
from tests.torch import lifecycle_models
from tests.torch.embedded_triton import PROJECT
from tests.torch.lifecycle_models import SLOW_S, tiny

needs_triton = pytest.mark.skipif(
    not (PROJECT / ".venv-triton").exists(), reason="Triton's environment is missing: make envs"
)
# With these a network of 15 MB, all of which it takes to find the next token.
LARGE = {"vocab_size": 60_000, "n_embd": 64}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Kind, Path]:
    return {kind: tiny(kind, tmp_path_factory.mktemp("networks") / kind).folder for kind in Kind}


def run(plan: Plan, scratch: Path) -> tuple[list[Lifecycle], list[str]]:
    findings, lines = Findings(), list[str]()
    campaign.run(plan, scratch, findings, lines.append)
    return findings.lifecycles, lines


def test_every_kind_is_measured_in_process(folders: Mapping[Kind, Path], tmp_path: Path) -> None:
    found, lines = run(Plan(tuple(Kind), (Isolation.PROCESS,), 2, folders, device="cpu"), tmp_path)
    assert [one.kind for one in found] == list(Kind)
    for one in found:
        assert one.error is None
        assert one.warm_load_ms is not None
        assert one.first_inference_ms is not None
        assert one.first_inference_ms > 0
        assert one.cold_load_ms is not None
        assert one.cold_load_ms > one.warm_load_ms > 0
        assert not one.random_weights
        # PyTorch is there before any model.
        assert one.runtime_mb is not None
        assert one.runtime_mb > 50
    assert any(line.startswith("[8/8] detection, process, cycle 2") for line in lines)


def test_a_network_of_random_weights_takes_what_its_weights_take(tmp_path: Path) -> None:
    plan = Plan((Kind.VISION,), (Isolation.PROCESS, Isolation.SUBPROCESS), 2, device="cpu")
    (in_process, in_subprocess), _ = run(plan, tmp_path)
    assert in_process.random_weights
    # A picture goes through every weight; tokens would touch few of the vocabulary.
    weights_mb = 22.1e6 * 4 / 2**20
    assert in_process.footprint_mb == pytest.approx(weights_mb, rel=0.3)
    assert in_process.reclamation_percentage is not None
    assert in_process.reclamation_percentage > 50
    # The whole process, which is started each time.
    assert in_subprocess.runtime_mb == 0
    assert in_subprocess.footprint_mb is not None
    assert in_subprocess.footprint_mb > weights_mb + 50
    assert in_subprocess.reclamation_percentage == 100
    assert in_subprocess.warm_load_ms is not None
    assert in_process.warm_load_ms is not None
    assert in_subprocess.warm_load_ms > in_process.warm_load_ms


@needs_triton
def test_every_kind_is_measured_in_triton(folders: Mapping[Kind, Path], tmp_path: Path) -> None:
    plan = Plan(tuple(Kind), (Isolation.TRITON,), 2, folders, device="cpu")
    found, _ = run(plan, tmp_path)
    assert [(one.kind, one.error) for one in found] == [(kind, None) for kind in Kind]
    for one in found:
        assert one.memory_mb is not None
        assert one.memory_mb > 20  # a process with OpenVINO
        assert one.reclamation_percentage is not None
        assert one.reclamation_percentage > 80
        assert LEAK.verdict(one.leak_mb) is Verdict.PASS


def test_without_triton_its_models_are_not_measured_and_the_others_are(
    folders: Mapping[Kind, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMEGATE_TRITON_MODELS_ENV", str(tmp_path / "nowhere"))
    plan = Plan((Kind.VISION,), (Isolation.TRITON, Isolation.PROCESS), 2, folders, device="cpu")
    (in_triton, in_process), _ = run(plan, tmp_path)
    assert in_triton.error is not None
    assert "make envs" in in_triton.error
    assert in_process.error is None


def test_a_gpu_that_is_not_there_is_refused(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(UsageError, match="sees no GPU"):
        run(Plan((Kind.VISION,), (Isolation.PROCESS,), 2, device="cuda"), tmp_path)


@pytest.mark.parametrize("name", ["leaking", "healthy"])
def test_a_network_that_is_never_freed_is_a_leak(name: str, tmp_path: Path) -> None:
    model = tiny(Kind.TEXT_GENERATION, tmp_path / name, **LARGE)
    size_mb = (model.folder / "model.safetensors").stat().st_size / 2**20
    with contextlib.closing(InProcess(model, "cpu", module=lifecycle_models.__name__)) as way:
        found = ModelLifecycleBenchmark(model, way).benchmark_repeated_cycles(5)
    assert found.error is None
    if name == "leaking":
        assert found.leak_mb == pytest.approx(4 * size_mb, rel=0.2)
        assert LEAK.verdict(found.leak_mb) is Verdict.FAIL
    else:
        assert LEAK.verdict(found.leak_mb) is Verdict.PASS


def test_a_network_that_is_slow_has_a_worse_verdict(tmp_path: Path) -> None:
    model = tiny(Kind.EMBEDDING, tmp_path / "slow")
    with contextlib.closing(InProcess(model, "cpu", module=lifecycle_models.__name__)) as way:
        found = ModelLifecycleBenchmark(model, way).benchmark_repeated_cycles(2)
    assert found.warm_load_ms is not None
    assert found.warm_load_ms > 1000 * SLOW_S
    assert LOAD_TIME.verdict(found.warm_load_ms) is Verdict.GOOD
