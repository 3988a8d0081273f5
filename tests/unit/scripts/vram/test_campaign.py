"""Model after model, and what is known wherever it ends."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self, cast

import pytest

from backend.enrichment.memory.stubs import ModelProcesses
from backend.errors import TritonError, TritonFailed, TritonUnavailable
from backend.triton.grpc_server import TritonServer
from scripts._stack import Interrupted
from scripts.vram import campaign as campaigns
from scripts.vram import options, probe
from scripts.vram.campaign import Campaign, line_of
from scripts.vram.options import Given
from scripts.vram.probe import Probe, Source
from scripts.vram.result import BenchmarkResult
from scripts.vram.troubles import BenchmarkError, Trouble
from tests.unit.scripts.vram.fake import (
    CATALOG,
    MB,
    Behaviour,
    FakeTriton,
    probe_of,
    triton_of,
)

# As the catalogue has them.
NAMES = ("paddleocr", "pet-classifier", "osnet-x0-25")


class FakePlace:
    """Attributes:
    renewals: names of the models that had been loaded by then.
    """

    def __init__(self, triton: FakeTriton) -> None:
        self.triton = triton
        self.server = cast("TritonServer", triton)
        self.processes = ModelProcesses(1)
        self.renewals: list[list[str]] = []
        self.closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.closed = True

    def renew(self) -> bool:
        self.renewals.append(list(self.triton.states))
        self.triton.error, self.triton.dies = None, False
        self.triton.states.clear()
        self.triton.held_mb.clear()
        return True


@pytest.fixture
def triton(monkeypatch: pytest.MonkeyPatch) -> FakeTriton:
    made = triton_of(**{name.replace("-", "_"): Behaviour() for name in NAMES})

    def choose(processes: ModelProcesses) -> Probe:
        return replace(probe_of(made, Source.NVIDIA_SMI), notes=("The reason.",))

    monkeypatch.setattr(probe, "choose", choose)
    monkeypatch.setattr(campaigns, "SystemClock", lambda: made.clock)
    return made


@pytest.fixture
def run() -> Campaign:
    named = [flag for name in NAMES for flag in ("--model", name)]
    return Campaign(replace(options.read(named, CATALOG), given=Given("127.0.0.1", 1, "")))


def results(run: Campaign) -> dict[str, BenchmarkResult]:
    return {one.name: one for one in run.results}


def test_every_model_is_measured_and_told(
    triton: FakeTriton, run: Campaign, capsys: pytest.CaptureFixture[str]
) -> None:
    place = FakePlace(triton)
    run.measure(place)
    assert (place.closed, place.renewals, run.is_whole) == (True, [], True)
    *_, first, second, third = capsys.readouterr().out.splitlines()
    assert first == "  Loading paddleocr (stand-in)... OK (0.50s, 100 MB)"
    assert (second.split()[1], third.split()[1]) == NAMES[1:]
    report = run.report()
    assert report is not None
    assert (report.total_bytes, report.baseline_bytes) == (10_000 * MB, 400 * MB)
    assert report.notes == ("The reason.",)


def test_the_opening_has_source_and_baseline(
    triton: FakeTriton, run: Campaign, capsys: pytest.CaptureFixture[str]
) -> None:
    run.measure(FakePlace(triton))
    said = capsys.readouterr().out
    for line in (
        "The reason.",
        "Source of the figures: nvidia-smi",
        "  Total: 10,000 MB",
        "  Baseline: 400 MB",
        "  Available: 9,600 MB",
        "Benchmarking 3 enabled models...",
    ):
        assert line in said.splitlines()


def test_others_go_on_where_one_fails(triton: FakeTriton, run: Campaign) -> None:
    triton.models["pet-classifier"].load_error = TritonFailed("The model failed. It says: no file")
    run.measure(FakePlace(triton))
    assert results(run)["pet-classifier"].error == "Model failed: no file"
    assert results(run)["osnet-x0-25"].success
    assert not run.is_whole


def spoil_by_dying(triton: FakeTriton) -> None:
    def die(name: str) -> None:
        triton.dies = name == "pet-classifier"

    triton.on_load = die


def spoil_by_keeping(triton: FakeTriton) -> None:
    triton.models["pet-classifier"].keeps_mb = 50


def spoil_by_running_out(triton: FakeTriton) -> None:
    triton.models["pet-classifier"].load_error = TritonFailed("CUDA out of memory")


@pytest.mark.parametrize("spoil", [spoil_by_dying, spoil_by_keeping, spoil_by_running_out])
def test_the_next_model_finds_a_new_triton_where_one_has_spoilt_it(
    triton: FakeTriton, run: Campaign, spoil: Callable[[FakeTriton], None]
) -> None:
    spoil(triton)
    place = FakePlace(triton)
    run.measure(place)
    assert len(place.renewals) == 1
    assert "osnet-x0-25" not in place.renewals[0]
    last = results(run)["osnet-x0-25"]
    assert (last.error, last.baseline_bytes) == (None, 400 * MB)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (TritonUnavailable("Triton cannot be reached."), "gRPC (8001 unless set)"),
        (TritonFailed("Triton asks for another token: x."), "--control-token-env"),
    ],
)
def test_a_triton_that_cannot_be_asked_ends_it_with_what_helps(
    triton: FakeTriton, run: Campaign, error: TritonError, says: str
) -> None:
    triton.error = error
    with pytest.raises(BenchmarkError) as raised:
        run.measure(FakePlace(triton))
    assert says in str(raised.value)
    assert raised.value.exit_code == 1
    assert run.report() is None


def test_what_was_measured_before_ctrl_c_is_reported(triton: FakeTriton, run: Campaign) -> None:
    triton.models["osnet-x0-25"].infer_error = cast("Any", Interrupted(2))
    place = FakePlace(triton)
    with pytest.raises(Interrupted):
        run.measure(place)
    assert place.closed
    report = run.report()
    assert report is not None
    assert [one.name for one in report.results] == ["paddleocr", "pet-classifier"]
    assert report.notes[-1] == "The benchmark was ended after 2 of 3 models."
    assert not run.is_whole


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (
            BenchmarkResult("a", "depth", 1, error="Model failed: x", trouble=Trouble.FAILED),
            "  Loading a... FAIL: Model failed: x",
        ),
        (
            BenchmarkResult("a", "depth", 1, load_s=0.5, trouble=Trouble.NOTHING_SEEN),
            "  Loading a... OK (0.50s, -) No memory was seen.",
        ),
    ],
)
def test_a_line_says_what_was_not_as_it_should_be(result: BenchmarkResult, line: str) -> None:
    assert line_of(result) == line
