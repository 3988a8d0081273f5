"""What is shown on a terminal and without one."""

import io

import pytest
import rich.progress
from rich.console import Console

from scripts.fetching.progress import Bars, shown, table


def test_without_a_terminal_a_file_has_a_line_per_quarter(
    capsys: pytest.CaptureFixture[str],
) -> None:
    total_bytes = 8 * 2**20
    with shown() as progress:
        progress.step("pet-classifier: converting to ONNX.")
        on_bytes = progress.file("pet-classifier model.safetensors")
        for done_bytes in range(0, total_bytes + 1, 2**18):
            on_bytes(done_bytes, total_bytes)
    assert capsys.readouterr().out.splitlines() == [
        "pet-classifier: converting to ONNX.",
        *(
            f"pet-classifier model.safetensors: {percent} % of 8.0 MiB"
            for percent in (0, 25, 50, 75, 100)
        ),
    ]


def test_a_long_reason_is_shown_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    reason = "https://hub.example/" + "a" * 200
    table(("model", "why"), [("one", reason)])
    assert "".join(capsys.readouterr().out.split()).endswith("a" * 200)


def test_on_a_terminal_a_file_is_a_bar_until_it_is_there() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with rich.progress.Progress(console=console, auto_refresh=False) as bars:
        on_bytes = Bars(bars).file("model.safetensors")
        on_bytes(0, 100)
        on_bytes(25, 100)
        (bar,) = bars.tasks
        assert (bar.description, bar.percentage) == ("model.safetensors", 25)
        on_bytes(100, 100)
        assert bars.tasks == []
