"""The importer's command line, where PyTorch is not installed."""

import importlib.util
from pathlib import Path

import pytest

from scripts import import_efficient_fiqa
from scripts.efficient_fiqa import options
from scripts.efficient_fiqa.errors import UsageError
from scripts.efficient_fiqa.variants import Precision


def test_random_weights_have_a_seed_and_checkpoints_have_none(tmp_path: Path) -> None:
    folder = ["--repository", str(tmp_path)]
    assert options.read(["--random-weights", *folder]).seed == 0
    assert options.read(["--random-weights", "--seed", "7", *folder]).seed == 7
    given = options.read(["--file", "a.pt", "--precision", "int8", *folder])
    assert given.seed is None
    assert given.file == Path("a.pt")
    assert given.precision == Precision.INT8
    assert given.repository == tmp_path


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--file", "a.pt", "--seed", "1"], "--seed is for --random-weights alone"),
        (["--random-weights", "--seed", "-1"], "--seed must be 0 or more"),
        (["--random-weights", "--repository", "/none"], "There is no folder /none"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(arguments: list[str], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        options.read(arguments)


@pytest.mark.parametrize(
    "arguments", [[], ["--file", "a", "--url", "b"], ["--random-weights", "--precision", "bf16"]]
)
def test_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        import_efficient_fiqa.main(arguments)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_usage_that_argparse_cannot_see_ends_with_2_and_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert import_efficient_fiqa.main(["--file", "a.pt", "--seed", "1"]) == 2
    assert capsys.readouterr().err == "--seed is for --random-weights alone.\n"


def test_help_says_where_the_weights_are_and_what_comes_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        import_efficient_fiqa.main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for told in ("sunwei925/Efficient-FIQA", "4772402 bytes", "examples:", "QUALITY_MODEL="):
        assert told in shown


def test_without_pytorch_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(import_efficient_fiqa, "find_spec", lambda name: None)
    arguments = ["--random-weights", "--repository", str(tmp_path)]
    assert import_efficient_fiqa.main(arguments) == 1
    assert "requirements/torch.txt" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_needs_no_pytorch() -> None:
    assert importlib.util.find_spec("torch") is None, "this test is for .venv, which has none"
