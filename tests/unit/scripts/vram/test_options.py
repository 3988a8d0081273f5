"""The command line."""

from pathlib import Path

import pytest

from backend.enrichment import catalog
from scripts.vram import options
from scripts.vram.options import Given
from scripts.vram.troubles import UsageError
from tests.processes import PROJECT

CATALOG = catalog.load()


def test_every_enabled_model_is_measured_by_default() -> None:
    disabled = CATALOG["osnet-x0-25"].model_copy(update={"enabled": False})
    read = options.read([], {**CATALOG, "osnet-x0-25": disabled})
    assert [spec.name for spec in read.specs] == [name for name in CATALOG if name != "osnet-x0-25"]
    assert read.given is None
    assert read.repository == PROJECT / "var/models"
    assert read.report == PROJECT / "docs/vram-benchmark.md"


def test_named_models_are_measured_in_the_catalogue_s_order() -> None:
    read = options.read(["--model", "yolov8n-pose", "--model", "paddleocr"], CATALOG)
    assert [spec.name for spec in read.specs] == ["paddleocr", "yolov8n-pose"]


def test_a_running_triton_is_asked_with_the_token_of_a_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_TOKEN", "secret")
    flags = ["--triton", "localhost:9001", "--control-token-env", "MY_TOKEN"]
    assert options.read(flags, CATALOG).given == Given("localhost", 9001, "secret")
    assert options.read(["--triton", "[::1]:9001"], CATALOG).given == Given("[::1]", 9001, "")


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--triton", "localhost"], "host:port"),
        (["--triton", "http://localhost:8001"], "host:port"),
        (["--triton", "localhost:0"], "host:port"),
        (["--triton", "localhost:70000"], "host:port"),
        (["--triton", "h:1", "--control-token-env", "NOT_SET"], "NOT_SET"),
        (["--control-token-env", "HOME"], "--triton"),
        (["--triton", "h:1", "--repository", "x"], "leave out --triton"),
        (["--triton", "h:1", "--kind", "gpu"], "leave out --triton"),
        (["--allow-stand-ins"], "--update-catalog"),
    ],
)
def test_flags_that_make_no_sense_are_one_sentence(flags: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says) as raised:
        options.read(flags, CATALOG)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("flags", [["--model", "yolo11-fase"], ["--requests", "0"]])
def test_what_nobody_knows_ends_with_exit_code_2(
    flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        options.read(flags, CATALOG)
    assert ended.value.code == 2
    assert flags[0] in capsys.readouterr().err


def test_places_can_be_named() -> None:
    flags = ["--report", "a.md", "--json", "b.json", "--repository", "models", "--kind", "gpu"]
    read = options.read(flags, CATALOG)
    assert (read.report, read.json) == (Path("a.md"), Path("b.json"))
    assert (read.repository, read.kind) == (Path("models"), "gpu")
