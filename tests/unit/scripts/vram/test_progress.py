"""What is shown on a terminal and without one."""

import io

import pytest
import rich.progress
from rich.console import Console

from scripts.vram.progress import Bar, shown


def test_without_a_terminal_there_is_a_line_per_model(capsys: pytest.CaptureFixture[str]) -> None:
    with shown(2) as progress:
        progress.step("a: loading")
        progress.done("  Loading a... OK (0.52s, 101 MB)")
    assert capsys.readouterr().out == "  Loading a... OK (0.52s, 101 MB)\n"


def test_on_a_terminal_a_bar_has_what_is_under_way() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with rich.progress.Progress(console=console, auto_refresh=False) as bars:
        bar = Bar(bars, 4)
        bar.step("a: batch [4]")
        (task,) = bars.tasks
        assert (task.description, task.percentage) == ("a: batch [4]", 0)
        bar.done("  Loading a... OK")
        assert task.percentage == 25
    assert isinstance(console.file, io.StringIO)
    assert "Loading a... OK" in console.file.getvalue()
