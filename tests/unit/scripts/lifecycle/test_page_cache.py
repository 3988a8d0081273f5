"""What the kernel holds of files, on this machine's own file system."""

import os
from pathlib import Path

import psutil
import pytest

from scripts.lifecycle import page_cache


def file(folder: Path, name: str = "weights") -> Path:
    made = folder / name
    made.write_bytes(os.urandom(300_000))
    return made


def on_memory(folder: Path) -> bool:
    """Whether files in that folder are nowhere but in memory."""
    mounted = [
        one for one in psutil.disk_partitions(all=True) if folder.is_relative_to(one.mountpoint)
    ]
    return max(mounted, key=lambda one: len(one.mountpoint)).fstype in {"tmpfs", "ramfs"}


def test_a_file_that_was_just_written_is_in_memory(tmp_path: Path) -> None:
    assert page_cache.holds([file(tmp_path)]) is True


def test_a_file_is_forgotten_and_comes_back_when_it_is_read(tmp_path: Path) -> None:
    if on_memory(tmp_path):
        pytest.skip(f"{tmp_path} is in memory: it needs a file system on a disk")
    made = file(tmp_path)
    page_cache.forget([made])
    assert page_cache.holds([made]) is False
    made.read_bytes()
    assert page_cache.holds([made]) is True


def test_one_large_file_out_of_two_decides(tmp_path: Path) -> None:
    if on_memory(tmp_path):
        pytest.skip(f"{tmp_path} is in memory: it needs a file system on a disk")
    files = [file(tmp_path, "a"), file(tmp_path, "b")]
    page_cache.forget(files[:1])
    assert page_cache.holds(files) is False


def test_of_no_pages_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert page_cache.holds([tmp_path / "empty"]) is None
    assert page_cache.holds([]) is None
