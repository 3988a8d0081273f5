"""The command line, and its exit statuses."""

from pathlib import Path

import pytest

from scripts import benchmark_lifecycle
from scripts.lifecycle import dependencies, options
from scripts.lifecycle.errors import UsageError
from scripts.lifecycle.kinds import ARCHITECTURES, Kind
from scripts.lifecycle.metrics import Isolation


def test_without_flags_everything_is_measured() -> None:
    given = options.read([])
    assert given.kinds == tuple(Kind)
    assert given.isolations == tuple(Isolation)
    assert given.cycles == 5
    assert given.models == 10
    assert given.device is None
    assert set(ARCHITECTURES) == set(Kind)


def test_kinds_and_ways_are_chosen() -> None:
    given = options.read(
        ["--kind", "vision", "--kind", "embedding", "--way", "triton", "--cycles", "2"]
    )
    assert given.kinds == (Kind.EMBEDDING, Kind.VISION)
    assert given.isolations == (Isolation.TRITON,)


def test_a_model_on_disk_stands_for_its_kind(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    given = options.read(["--model-dir", f"vision={tmp_path}"])
    assert given.folders == {Kind.VISION: tmp_path}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--cycles", "1"], "2 or more"),
        (["--models", "0"], "1 or more"),
        (["--model-dir", "vision"], "KIND=PATH"),
        (["--model-dir", "audio=/tmp"], "embedding, text-generation, vision, detection"),
        (["--model-dir", "vision=/no/such/folder"], r"no config\.json in /no/such/folder"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_exit_status_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match=says):
        options.read(arguments)
    assert benchmark_lifecycle.main(arguments) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_model_of_a_kind_that_is_left_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UsageError, match="leaves out"):
        options.read(["--kind", "vision", "--model-dir", f"embedding={tmp_path}"])


def test_flags_that_nobody_knows_are_exit_status_2() -> None:
    with pytest.raises(SystemExit) as caught:
        benchmark_lifecycle.main(["--kind", "audio"])
    assert caught.value.code == 2


def test_a_missing_package_is_exit_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = dependencies.Dependency("PyTorch", "no_such_module", True, "Get it.")
    monkeypatch.setattr(dependencies, "DEPENDENCIES", (absent,))
    assert benchmark_lifecycle.main([]) == 2
    assert capsys.readouterr().err == "PyTorch is not installed. Get it.\n"


def test_ctrl_c_before_anything_was_started_is_exit_status_130(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(options, "read", interrupted)
    assert benchmark_lifecycle.main([]) == 130
