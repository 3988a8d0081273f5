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


def test_a_wrong_file_of_keys_refuses_the_start_and_not_a_reload(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    monkeypatch.setenv("FRAMEGATE_API_KEYS_FILE", str(keys))
    with pytest.raises(SystemExit) as refused:
        configuration()
    assert str(refused.value).startswith(
        f"gateway: FRAMEGATE_API_KEYS_FILE: {keys} cannot be read: "
    )
    assert [folder.name for folder in tmp_path.iterdir()] == []
    keys.write_text("camera  infer  nonsense\ncamera\n")
    keys.chmod(0o600)
    with pytest.raises(SystemExit) as refused:
        configuration()
    assert str(refused.value) == (
        f"gateway: FRAMEGATE_API_KEYS_FILE: {keys}: line 1: the hash is not 64 digits of "
        f"lower-case hex; {keys}: line 2: 1 words instead of name, scopes and hash"
    )
    keys.write_text(f"camera  infer  {'0' * 64}\n")
    configuration()
    keys.write_text("camera")
    configuration()  # in the same process, as after SIGHUP


def test_an_address_open_to_anyone_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FRAMEGATE_HOST", "0.0.0.0")
    with pytest.raises(SystemExit, match=r"^gateway: FRAMEGATE_HOST is 0\.0\.0\.0, where anyone"):
        configuration()


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
