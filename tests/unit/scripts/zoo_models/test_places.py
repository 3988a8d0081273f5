"""A model's folder comes whole, or not at all."""

import os
import subprocess
from pathlib import Path

import pytest

from scripts.zoo_models import places
from scripts.zoo_models.places import model_folder
from tests.processes import PROJECT


def write(repository: Path, text: str, *, error: OSError | None = None) -> None:
    with model_folder(repository, "a.model") as folder:
        (folder / "1").mkdir()
        (folder / "1/weights").write_text(text)
        if error is not None:
            raise error


def test_the_repository_is_outside_git() -> None:
    assert places.REPOSITORY == PROJECT / "var/models"


def test_a_folder_appears_under_its_name_once_it_is_whole(tmp_path: Path) -> None:
    repository = tmp_path / "not/yet/there"
    with model_folder(repository, "a.model") as folder:
        (folder / "half").touch()
        assert folder.name.startswith(".")
        assert not (repository / "a.model").exists()
    assert (repository / "a.model/half").exists()
    assert (repository / "a.model").stat().st_mode & 0o777 == 0o755
    assert [path.name for path in repository.iterdir()] == ["a.model"]


def test_a_folder_that_was_there_is_replaced_whole(tmp_path: Path) -> None:
    write(tmp_path, "old")
    (tmp_path / "a.model/left over").touch()
    write(tmp_path, "new")
    assert (tmp_path / "a.model/1/weights").read_text() == "new"
    assert not (tmp_path / "a.model/left over").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a.model"]


def test_a_writing_that_fails_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, "old")
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path, "new", error=OSError("No space left on device"))
    assert (tmp_path / "a.model/1/weights").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.model"]


def test_where_the_new_one_cannot_be_moved_the_old_one_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "old")
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name.startswith(".") and not self.name.endswith(".old"):
            raise OSError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="no"):
        write(tmp_path, "new")
    assert (tmp_path / "a.model/1/weights").read_text() == "old"


def test_what_a_killed_writer_left_goes_and_what_others_write_stays(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    kept = {f".a.model+{os.getpid()}.x", ".a.model-2+1.x", "b"}
    for name in {f".a.model+{ended.pid}.x", f".a.model+{ended.pid}.x.old", *kept}:
        (tmp_path / name).mkdir()
    write(tmp_path, "new")
    assert {path.name for path in tmp_path.iterdir()} == {"a.model", *kept}
