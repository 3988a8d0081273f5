"""Every model in every way: progress, and what becomes of a way that fails."""

import pytest

from scripts.lifecycle import campaign
from scripts.lifecycle.campaign import Findings, Progress
from scripts.lifecycle.errors import TritonFailed
from scripts.lifecycle.kinds import Kind, ModelConfig
from scripts.lifecycle.metrics import Isolation
from scripts.lifecycle.running import outcome
from scripts.lifecycle.ways import Way
from tests.unit.scripts.lifecycle.scripted import MODEL, ScriptedWay, failed, held, lifecycle

LOOKS = [held(400), held(490), held(500), held(500), held(405)]


def test_a_line_for_each_cycle_says_how_far_it_is() -> None:
    now = iter([0.0, 10.0, 20.0])
    lines: list[str] = []
    progress = Progress(4, lines.append, clock=lambda: next(now))
    way = ScriptedWay(LOOKS * 2, load_ms=(1234, 100))
    found = campaign.measure(MODEL, Isolation.PROCESS, lambda model: way, 2, progress)
    assert found.error is None
    assert way.closed
    does = "90 MB, first inference 7 ms; unloaded in 20 ms, 95 % back"
    assert lines == [
        f"[1/4] vision, process, cycle 1: loaded in 1,234 ms, {does}; about 30 s left",
        f"[2/4] vision, process, cycle 2: loaded in 100 ms, {does}; about 20 s left",
    ]


def test_the_cycles_of_a_model_that_fails_are_done_with() -> None:
    lines: list[str] = []
    progress = Progress(8, lines.append, clock=lambda: 0.0)
    bad = ScriptedWay(LOOKS * 4, fails_at=2)
    campaign.measure(MODEL, Isolation.PROCESS, lambda model: bad, 4, progress)
    good = ScriptedWay(LOOKS * 4)
    campaign.measure(MODEL, Isolation.PROCESS, lambda model: good, 4, progress)
    assert bad.closed
    assert lines[1] == "vision, process: ValueError: no such network"
    assert [line.split()[0] for line in lines if line[0] == "["] == [
        "[1/8]", "[5/8]", "[6/8]", "[7/8]", "[8/8]",
    ]  # fmt: skip


def test_a_way_that_cannot_be_had_is_an_error_of_its_model_alone() -> None:
    def opened(model: ModelConfig) -> Way:
        raise TritonFailed("Triton answered 400.")

    progress = Progress(2, lambda line: None, clock=lambda: 0.0)
    found = campaign.measure(MODEL, Isolation.TRITON, opened, 2, progress)
    assert found.error == "Triton answered 400."
    assert found.isolation is Isolation.TRITON
    assert found.cold_load_ms is None


def test_the_exit_status_tells_errors_and_with_check_bad_verdicts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    leaking = lifecycle(left_mb=(400, 430, 460))
    broken = failed(Kind.VISION, Isolation.TRITON, "No server.")
    assert outcome(Findings(None, [lifecycle()]), check=True) == 0
    assert outcome(Findings(None, [leaking]), check=False) == 0
    assert outcome(Findings(None, [leaking]), check=True) == 1
    assert capsys.readouterr().err == "vision, process: leak fail\n"
    assert outcome(Findings(None, [lifecycle(), broken]), check=False) == 1
