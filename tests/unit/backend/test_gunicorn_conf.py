"""What gunicorn is told, by running its configuration as gunicorn does."""

import os
import runpy
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.processes import PROJECT


@pytest.fixture(autouse=True)
def own_temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "unset")


def configuration() -> dict[str, Any]:
    return runpy.run_path(str(PROJECT / "backend/gateway/gunicorn_conf.py"))


def test_the_settings_reach_gunicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEGATE_PORT", "9000")
    monkeypatch.setenv("FRAMEGATE_WORKERS", "3")
    monkeypatch.setenv("FRAMEGATE_LOG_LEVEL", "error")
    told = configuration()
    assert told["bind"] == "127.0.0.1:9000"
    assert (told["workers"], told["loglevel"]) == (3, "error")
    assert told["wsgi_app"] == "backend.gateway.app:create_app()"
    assert "certfile" not in told


def test_with_a_certificate_it_serves_https(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("cert", "key"):
        (tmp_path / name).touch()
        monkeypatch.setenv(f"FRAMEGATE_TLS_{name.upper()}", str(tmp_path / name))
    told = configuration()
    assert (told["certfile"], told["keyfile"]) == (str(tmp_path / "cert"), str(tmp_path / "key"))


def test_workers_count_in_a_folder_that_goes_when_gunicorn_does(tmp_path: Path) -> None:
    told = configuration()
    folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    assert folder.is_dir()
    assert folder.parent == tmp_path
    told["on_exit"](None)
    assert not folder.exists()


def test_folders_of_gateways_that_were_killed_are_removed_and_of_live_ones_kept(
    tmp_path: Path,
) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    dead = tmp_path / f"framegate-metrics-{ended.pid}-abc"
    live = tmp_path / f"framegate-metrics-{os.getpid()}-abc"
    other = tmp_path / "something-else-1-abc"
    for folder in (dead, live, other):
        folder.mkdir()
        (folder / "counter.db").touch()
    configuration()
    assert not dead.exists()
    assert (live / "counter.db").exists()
    assert (other / "counter.db").exists()
