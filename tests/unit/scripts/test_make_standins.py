"""`python -m scripts.make_standins`, into a folder of the test's own."""

from pathlib import Path

import pytest

from backend.enrichment.catalog import load
from scripts import make_standins
from scripts.zoo_models import standins
from scripts.zoo_models.configuration import weights_of

# Of the catalogue; brisque-quality is shipped.
WRITTEN = set(load()) - {"brisque-quality"}
NEAR = "yolo11-face or yolov8n-pose or yolo-world-s"


def run(repository: Path, *arguments: str) -> int:
    return make_standins.main([*arguments, "--repository", str(repository)])


def test_all_are_written_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "--all") == 0
    assert {path.name for path in tmp_path.iterdir()} == WRITTEN
    assert all(weights_of(path) == "stand-in" for path in tmp_path.iterdir())
    *lines, summary = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} == WRITTEN
    assert summary == "Stand-ins: 20 written; 1 shipped: it needs no stand-in."
    assert run(tmp_path, "--all") == 0
    again = "Stand-ins: 20 up to date; 1 shipped: it needs no stand-in.\n"
    assert capsys.readouterr().out == again


def test_real_files_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "yolo11-face/config.pbtxt"
    config.parent.mkdir()
    config.write_text("real")
    for arguments in (("yolo11-face",), ("--all",), ("yolo11-face", "--remove")):
        assert run(tmp_path, *arguments) == 0
        assert config.read_text() == "real"
    assert "yolo11-face                        left alone" in capsys.readouterr().out


def test_a_stand_in_keeps_its_device_unless_another_is_asked_for(tmp_path: Path) -> None:
    place = tmp_path / "paddleocr"
    for arguments, device in (((), "cpu"), (("--kind", "gpu"), "gpu"), ((), "gpu")):
        assert run(tmp_path, "paddleocr", *arguments) == 0
        assert standins.device_of(place) == device
    assert "kind: KIND_GPU" in (place / "config.pbtxt").read_text()


def test_stand_ins_are_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "paddleocr", "osnet-x0-25") == 0
    capsys.readouterr()
    assert run(tmp_path, "paddleocr", "yolo11-face", "--remove") == 0
    assert [path.name for path in tmp_path.iterdir()] == ["osnet-x0-25"]
    assert capsys.readouterr().out.split() == ["paddleocr", "removed"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Name models of the catalogue, or all of them with --all."),
        (("yolo-fac",), f"The catalogue has no model 'yolo-fac'. Did you mean {NEAR}?"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    assert run(tmp_path, *arguments) == 2
    assert capsys.readouterr().err == f"{sentence}\n"
    assert list(tmp_path.iterdir()) == []


def test_a_name_like_no_other_gets_the_whole_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "0000") == 2
    assert "It has yolo11-license-plate, yolo11-face," in capsys.readouterr().err


def test_a_disk_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert run(tmp_path / "file/models", "paddleocr") == 1
    assert capsys.readouterr().err == f"{tmp_path}/file/models: Not a directory.\n"
