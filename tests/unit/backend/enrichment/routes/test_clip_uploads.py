"""What uploads leave on the disk when their process is killed."""

import os
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from backend.enrichment.routes.clip_uploads import Spool


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def leave(disk: Path, pid: int, *, changed_s: float) -> Path:
    folder = disk / f"framegate-clips-{pid}-abc"
    (folder / "upload").mkdir(parents=True)
    os.utime(folder, (changed_s, changed_s))
    return folder


def test_what_a_dead_process_left_goes(disk: Path) -> None:
    left = leave(disk, 2**22 - 1, changed_s=time.time())
    Spool().close()
    assert not left.exists()


def test_what_a_living_process_has_stays(disk: Path) -> None:
    theirs = leave(disk, os.getpid(), changed_s=time.time())
    Spool().close()
    assert theirs.exists()


def test_what_was_left_by_an_earlier_process_of_the_same_id_goes(disk: Path) -> None:
    """In a container that starts again, ids are given out from 1 again."""
    left = leave(disk, os.getpid(), changed_s=psutil.Process().create_time() - 60)
    Spool().close()
    assert not left.exists()


def test_a_folder_of_another_name_is_nobody_s_business(disk: Path) -> None:
    other = disk / "framegate-metrics-1-abc"
    other.mkdir()
    Spool().close()
    assert other.exists()
