"""Which source of figures is used, and what is said of it."""

from types import SimpleNamespace

import pynvml
import pytest

from backend.enrichment.memory.stubs import ModelProcesses
from scripts.vram import probe
from scripts.vram.probe import MemorySince, Source
from tests.unit.scripts.vram.fake import MB, Behaviour, probe_of, triton_of

NVML_GONE = pynvml.NVML_ERROR_LIBRARY_NOT_FOUND


def no_nvml() -> None:
    raise pynvml.NVMLError(NVML_GONE)


def smi(query: str) -> str | None:
    return "24564, 24152\n" if "--query-gpu" in query else ""


@pytest.fixture
def processes() -> ModelProcesses:
    return ModelProcesses(1)


def test_nvml_is_used_where_it_answers(
    processes: ModelProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetCount", lambda: 1)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", lambda index: index)
    info = SimpleNamespace(total=100 * MB, free=60 * MB)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMemoryInfo", lambda device: info)
    found = probe.choose(processes, smi)
    assert (found.source, found.notes) == (Source.NVML, ())
    assert (found.total_bytes(), found.used_bytes()) == (100 * MB, 40 * MB)


def test_without_nvml_the_command_is_asked_and_that_is_said(
    processes: ModelProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pynvml, "nvmlInit", no_nvml)
    found = probe.choose(processes, smi)
    assert found.source is Source.NVIDIA_SMI
    assert (found.total_bytes(), found.used_bytes()) == (24564 * MB, 412 * MB)
    (note,) = found.notes
    assert note.startswith("NVML cannot be asked: NVML Shared Library Not Found. nvidia-smi is")


def test_without_a_gpu_it_is_the_host_s_memory_and_that_is_said(
    processes: ModelProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pynvml, "nvmlInit", no_nvml)
    found = probe.choose(processes, lambda query: None)
    assert (found.source, found.source.on_gpu) == (Source.HOST, False)
    total_bytes, used_bytes = found.total_bytes(), found.used_bytes()
    assert total_bytes is not None
    assert used_bytes is not None
    assert 0 < used_bytes < total_bytes
    (note,) = found.notes
    assert note.startswith("No GPU detected: NVML Shared Library Not Found. Host memory of the")


def test_where_the_device_tells_no_total_the_difference_is_unknown() -> None:
    triton = triton_of(osnet_x0_25=Behaviour())
    triton.tells_processes = False
    triton.total_bytes = lambda: None  # type: ignore[method-assign]
    assert MemorySince(probe_of(triton)).memory_of("osnet-x0-25") is None


def test_a_model_never_holds_less_than_nothing() -> None:
    triton = triton_of(osnet_x0_25=Behaviour())
    triton.tells_processes = False
    memory = MemorySince(probe_of(triton))
    triton.others_mb -= 100
    assert memory.memory_of("osnet-x0-25") == 0
