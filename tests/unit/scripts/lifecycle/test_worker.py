"""Real processes that hold models without PyTorch."""

import contextlib
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from scripts.lifecycle.benchmark import ModelLifecycleBenchmark
from scripts.lifecycle.errors import HolderFailed, HolderLost
from scripts.lifecycle.holder import Holder
from scripts.lifecycle.memory import NOTHING
from scripts.lifecycle.metrics import MB, Isolation, Lifecycle
from scripts.lifecycle.verdicts import LEAK, RECLAMATION, Verdict
from scripts.lifecycle.ways import InProcess, InSubprocess
from scripts.lifecycle.worker import Worker
from tests.unit.scripts.lifecycle import doubles
from tests.unit.scripts.lifecycle.doubles import LEAK_MB, SIZE_MB, SLOW_S, made

MODULE = doubles.__name__


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker(MODULE, timeout_s=30)
    yield made
    made.end()


def measured(way: InProcess | InSubprocess, count: int = 3) -> Lifecycle:
    with contextlib.closing(way):
        return ModelLifecycleBenchmark(way.model, way).benchmark_repeated_cycles(count)


def test_something_else_can_be_done_where_the_packages_are(worker: Worker) -> None:
    answer = worker.ask("call", module=MODULE, function="echo", text="Größe")
    assert answer == {"text": "Größe", "pid": worker.pid}


def test_a_model_comes_and_goes_with_its_memory(worker: Worker, tmp_path: Path) -> None:
    model = made(tmp_path / "model", "healthy")
    before = worker.memory()
    told = {"kind": model.kind, "folder": str(model.folder), "device": "cpu"}
    loaded = worker.ask("load", **told, files=[str(file) for file in model.files])
    assert loaded["load_time_ms"] > 0
    held = worker.memory()
    assert SIZE_MB - 2 < (held.own_bytes - before.own_bytes) / MB < SIZE_MB + 6
    assert held.resident_bytes >= held.own_bytes
    assert held.gpu_bytes is None
    assert worker.ask("infer")["inference_ms"] >= 0
    assert worker.ask("unload")["unload_time_ms"] > 0
    left = worker.memory()
    assert (held.own_bytes - left.own_bytes) / MB > SIZE_MB - 2


def test_what_a_library_fails_with_is_a_sentence(worker: Worker, tmp_path: Path) -> None:
    model = made(tmp_path / "model", "refusing")
    with pytest.raises(HolderFailed, match=r"^ValueError: no such network$"):
        worker.ask("load", kind=model.kind, folder=str(model.folder), device="cpu", files=[])
    with pytest.raises(HolderFailed, match="no model is loaded"):
        worker.ask("infer")


def test_a_process_that_ends_is_told_with_its_status(worker: Worker, tmp_path: Path) -> None:
    model = made(tmp_path / "model", "dying")
    with pytest.raises(HolderLost, match="exit status 3"):
        worker.ask("load", kind=model.kind, folder=str(model.folder), device="cpu", files=[])
    with pytest.raises(HolderLost, match="exit status 3"):
        worker.ask("memory")


def test_a_process_that_is_killed_may_have_been_too_large(worker: Worker) -> None:
    psutil.Process(worker.pid).kill()
    with pytest.raises(HolderLost, match="short of memory"):
        worker.ask("memory")


def test_a_process_that_does_not_answer_is_ended(tmp_path: Path) -> None:
    model = made(tmp_path / "model", "hanging")
    worker = Worker(MODULE, timeout_s=2)
    with pytest.raises(HolderLost, match="within 2 s"):
        worker.ask("load", kind=model.kind, folder=str(model.folder), device="cpu", files=[])
    assert not psutil.pid_exists(worker.pid)


def test_a_module_that_cannot_be_imported_is_told() -> None:
    with pytest.raises(HolderLost, match="No module named"):
        Worker("scripts.lifecycle.no_such_module", timeout_s=30)


def test_a_healthy_model_in_process_gives_everything_back(tmp_path: Path) -> None:
    way = InProcess(made(tmp_path / "model", "healthy"), "cpu", module=MODULE)
    found = measured(way)
    assert found.isolation is Isolation.PROCESS
    assert RECLAMATION.verdict(found.reclamation_percentage) is Verdict.EXCELLENT
    assert found.untrimmed_percentage is not None
    assert LEAK.verdict(found.leak_mb) is Verdict.PASS


def test_a_leaking_model_is_found_in_process(tmp_path: Path) -> None:
    found = measured(InProcess(made(tmp_path / "model", "leaking"), "cpu", module=MODULE))
    assert found.leak_mb == pytest.approx(2 * LEAK_MB, abs=4)
    assert LEAK.verdict(found.leak_mb) is Verdict.FAIL
    whole_mb = SIZE_MB + LEAK_MB
    assert found.reclamation_percentage == pytest.approx(100 * SIZE_MB / whole_mb, abs=4)


def test_a_subprocess_takes_the_leak_with_it(tmp_path: Path) -> None:
    model = made(tmp_path / "model", "leaking")
    found = measured(InSubprocess(model, "cpu", module=MODULE), count=2)
    assert found.leak_mb == 0
    assert found.reclamation_percentage == 100
    assert found.runtime_mb == 0
    assert found.memory_mb is not None
    assert found.memory_mb > SIZE_MB + LEAK_MB


def test_a_slow_model_takes_as_long_as_it_does(tmp_path: Path) -> None:
    slow = measured(InProcess(made(tmp_path / "slow", "slow"), "cpu", module=MODULE), count=2)
    fast = measured(InProcess(made(tmp_path / "fast", "healthy"), "cpu", module=MODULE), count=2)
    assert slow.warm_load_ms is not None
    assert fast.warm_load_ms is not None
    assert slow.warm_load_ms > 1000 * SLOW_S > fast.warm_load_ms


def test_a_process_of_its_own_is_there_only_while_it_holds_the_model(tmp_path: Path) -> None:
    way = InSubprocess(made(tmp_path / "model", "healthy"), "cpu", module=MODULE)
    assert way.memory() == NOTHING
    with pytest.raises(HolderLost, match="no process"):
        way.infer()
    way.load()
    assert way.memory().own_bytes > SIZE_MB * MB
    way.unload()
    assert way.memory() == NOTHING
    way.close()


def test_what_a_gpu_holds_is_what_pytorch_has_reserved(monkeypatch: pytest.MonkeyPatch) -> None:
    emptied: list[bool] = []
    cuda = types.SimpleNamespace(
        is_available=lambda: True,
        memory_reserved=lambda: 0 if emptied else 300 * MB,
        empty_cache=lambda: emptied.append(True),
    )
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(cuda=cuda))
    holder = Holder(types.ModuleType("anything"))
    assert holder.memory()["gpu_bytes"] == 300 * MB
    holder.unload()
    assert holder.memory()["gpu_bytes"] == 0
