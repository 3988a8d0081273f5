"""What the command prints, and a command made up for the test."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.enrichment.memory.stubs import ModelProcesses
from scripts.vram.nvidia_smi import SmiMemory
from scripts.vram.smi_query import Totals, ask_command, parse_processes, parse_totals

MB = 2**20
ANSWERS = {
    "--query-gpu=memory.total,memory.free": "24564, 24152\n",
    "--query-compute-apps=pid,used_memory": "11, 1847\n12, 100\n13, [N/A]\n",
}


class Processes(ModelProcesses):
    def __init__(self, of: dict[str, list[int]]) -> None:
        self.found = of

    def of(self, model: str) -> list[int]:
        return self.found.get(model, [])


@pytest.mark.parametrize(
    ("text", "totals"),
    [
        ("24564, 24152\n", Totals(24564 * MB, 24152 * MB)),
        ("81559, 81559\n40000, 3\n", Totals(81559 * MB, 81559 * MB)),
        ("[N/A], [N/A]\n", None),
        ("0, 0\n", None),
        ("100, 200\n", None),
        ("No devices were found\n", None),
        ("", None),
        ("24564\n", None),
    ],
)
def test_totals_are_read_or_unknown(text: str, totals: Totals | None) -> None:
    assert parse_totals(text) == totals


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("11, 1847\n12, 100\n", {11: 1847 * MB, 12: 100 * MB}),
        ("11, [N/A]\n12, [Insufficient Permissions]\n13, 0\n", {11: None, 12: None, 13: 0}),
        ("No running processes found\n", {}),
        ("", {}),
        ("11\n", {11: None}),
        ("[N/A], 5\n", {}),
    ],
)
def test_what_processes_hold_is_read_and_what_is_not_told_is_unknown(
    text: str, held: dict[int, int | None]
) -> None:
    assert parse_processes(text) == held


@given(st.text())
def test_whatever_is_printed_is_read_or_left(text: str) -> None:
    totals = parse_totals(text)
    assert totals is None or 0 <= totals.free_bytes <= totals.total_bytes
    assert all(pid >= 0 for pid in parse_processes(text))


@given(st.dictionaries(st.integers(1, 2**22), st.integers(0, 10**6)))
def test_every_process_that_is_printed_is_found(held_mb: dict[int, int]) -> None:
    text = "".join(f"{pid}, {held}\n" for pid, held in held_mb.items())
    assert parse_processes(text) == {pid: held * MB for pid, held in held_mb.items()}


def test_a_model_holds_what_the_command_says_of_its_processes() -> None:
    memory = SmiMemory(Processes({"a": [11, 12], "untold": [13], "gone": [14]}), ANSWERS.get)
    assert memory.memory_of("a") == 1947 * MB
    assert memory.memory_of("untold") is None
    assert memory.memory_of("gone") is None
    assert memory.memory_of("compiled") is None
    assert (memory.total_bytes(), memory.free_bytes()) == (24564 * MB, 24152 * MB)


def test_where_the_command_fails_all_is_unknown() -> None:
    memory = SmiMemory(Processes({"a": [11]}), lambda query: None)
    found = (memory.memory_of("a"), memory.total_bytes(), memory.free_bytes())
    assert found == (None, None, None)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    return tmp_path / "nvidia-smi"


def test_the_command_is_asked_about_the_first_gpu(command: Path) -> None:
    command.write_text('#!/bin/sh\necho "$@"\n')
    command.chmod(0o755)
    assert ask_command("--query-gpu=x") == "--id=0 --query-gpu=x --format=csv,noheader,nounits\n"


def test_a_command_that_fails_or_is_not_there_answers_nothing(
    command: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.write_text("#!/bin/sh\necho 'No devices were found'\nexit 6\n")
    command.chmod(0o755)
    assert ask_command("--query-gpu=x") is None
    command.unlink()
    monkeypatch.setenv("PATH", str(command.parent))
    assert ask_command("--query-gpu=x") is None
