"""What a driver says, or does not, of a model's processes; a driver made up for the test."""

from types import SimpleNamespace
from typing import Any

import pynvml
import pytest

from backend.enrichment.memory.gpu import GpuMemory, gpu_problem, has_gpu
from backend.enrichment.memory.stubs import ModelProcesses


class Processes(ModelProcesses):
    def __init__(self, of: dict[str, list[int]] | None) -> None:
        self.found = of

    def of(self, model: str) -> list[int] | None:
        return None if self.found is None else self.found.get(model, [])


class Driver:
    """Process ids and what they hold; None where the driver does not tell."""

    def __init__(self) -> None:
        self.running: dict[int, int | None] = {}
        self.free_bytes = 5 * 2**30
        self.total_bytes = 8 * 2**30
        self.devices = 1
        self.fails = False


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    made = Driver()

    def ask(answer: Any) -> Any:
        if made.fails:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_UNKNOWN)
        return answer

    monkeypatch.setattr(pynvml, "nvmlInit", lambda: ask(None))
    monkeypatch.setattr(pynvml, "nvmlDeviceGetCount", lambda: ask(made.devices))
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", lambda index: f"device {index}")
    monkeypatch.setattr(
        pynvml,
        "nvmlDeviceGetComputeRunningProcesses",
        lambda device: ask(
            [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in made.running.items()]
        ),
    )
    monkeypatch.setattr(
        pynvml,
        "nvmlDeviceGetMemoryInfo",
        lambda device: ask(SimpleNamespace(free=made.free_bytes, total=made.total_bytes)),
    )
    return made


def test_a_model_holds_what_its_processes_do(driver: Driver) -> None:
    driver.running = {1: 300, 2: 200, 3: 7}
    memory = GpuMemory(Processes({"a": [1, 2], "b": [3]}))
    assert (memory.memory_of("a"), memory.memory_of("b")) == (500, 7)
    assert memory.free_bytes() == 5 * 2**30
    assert memory.total_bytes() == 8 * 2**30


def test_a_gpu_that_has_the_machine_s_memory_has_no_total(driver: Driver) -> None:
    driver.total_bytes = 0
    assert GpuMemory(Processes({})).total_bytes() is None


def test_a_model_whose_processes_have_ended_holds_nothing(driver: Driver) -> None:
    driver.running = {1: 300}
    processes = Processes({"a": [1]})
    memory = GpuMemory(processes)
    assert memory.memory_of("a") == 300
    processes.found = {}
    assert memory.memory_of("a") == 0


def test_a_model_without_processes_of_its_own_is_unknown_not_empty(driver: Driver) -> None:
    assert GpuMemory(Processes({})).memory_of("compiled") is None


@pytest.mark.parametrize("used", [{1: None}, {}])
def test_what_the_driver_does_not_tell_is_unknown(
    driver: Driver, used: dict[int, int | None]
) -> None:
    driver.running = used
    assert GpuMemory(Processes({"a": [1]})).memory_of("a") is None


def test_processes_that_cannot_be_seen_and_a_driver_that_fails_are_unknown(
    driver: Driver,
) -> None:
    assert GpuMemory(Processes(None)).memory_of("a") is None
    memory = GpuMemory(Processes({"a": [1]}))
    driver.fails = True
    assert memory.memory_of("a") is None
    assert memory.free_bytes() is None
    assert memory.total_bytes() is None


def test_a_gpu_is_there_where_the_driver_counts_one(driver: Driver) -> None:
    assert (has_gpu(), gpu_problem()) == (True, None)
    driver.devices = 0
    assert (has_gpu(), gpu_problem()) == (False, "the driver has no device")
    driver.fails = True
    assert (has_gpu(), gpu_problem()) == (False, "Unknown Error")
