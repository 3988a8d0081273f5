"""A version is there completely or not at all."""

import errno
import os
import signal
from pathlib import Path

import pytest

from scripts.efficient_fiqa import repository
from scripts.efficient_fiqa.errors import CannotWrite, ImportRunning


def fill(staged: Path, version: int) -> None:
    (staged / str(version)).mkdir()
    (staged / str(version) / "model.onnx").write_text(f"graph {version}")
    (staged / "configs").mkdir()
    (staged / "config.pbtxt").write_text(f"version {version}")
    (staged / "configs/cpu.pbtxt").write_text(f"version {version}")


def installed(folder: Path) -> int:
    with repository.staging(folder) as staged:
        version = repository.next_version(folder)
        fill(staged, version)
        repository.sync(staged)
        assert repository.install(staged, folder, version) == folder / f"efficient_fiqa/{version}"
    return version


def test_versions_follow_one_another_and_stay(tmp_path: Path) -> None:
    assert [installed(tmp_path) for _ in range(3)] == [1, 2, 3]
    model = tmp_path / "efficient_fiqa"
    for version in (1, 2, 3):
        assert (model / f"{version}/model.onnx").read_text() == f"graph {version}"
    assert (model / "config.pbtxt").read_text() == "version 3"
    assert (model / "configs/cpu.pbtxt").read_text() == "version 3"


def test_a_version_s_number_is_never_given_twice(tmp_path: Path) -> None:
    for name in ("2", "10", "configs", "1x"):
        (tmp_path / "efficient_fiqa" / name).mkdir(parents=True)
    assert repository.next_version(tmp_path) == 11


def test_what_an_import_leaves_when_it_is_killed_is_removed_by_the_next(tmp_path: Path) -> None:
    left = tmp_path / ".efficient_fiqa.incoming-killed"
    (left / "1").mkdir(parents=True)
    installed(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".efficient_fiqa.lock",
        "efficient_fiqa",
    ]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with repository.staging(tmp_path) as staged:
            fill(staged, 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == [".efficient_fiqa.lock"]


def test_the_lock_keeps_a_second_import_out_and_ends_with_the_first(tmp_path: Path) -> None:
    with repository.staging(tmp_path) as first:
        with (
            pytest.raises(ImportRunning, match="Wait for its end"),
            repository.staging(tmp_path),
        ):
            pass
        assert first.is_dir()
    with repository.staging(tmp_path):
        pass


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    with (
        pytest.raises(CannotWrite, match=r"No space left on device\)\. Free some space"),
        repository.staging(tmp_path),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_repository_that_is_no_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(CannotWrite, match="cannot be written to"),
        repository.staging(tmp_path / "file"),
    ):
        pass


def test_ctrl_c_between_two_renames_counts_after_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path)
    rename = Path.rename

    def interrupted(path: Path, target: Path) -> Path:
        os.kill(os.getpid(), signal.SIGINT)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    # Started in the background of a shell, a process ignores Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            installed(tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (tmp_path / "efficient_fiqa/2/model.onnx").read_text() == "graph 2"
    assert (tmp_path / "efficient_fiqa/config.pbtxt").read_text() == "version 2"
    assert not list(tmp_path.glob(".*incoming*"))
