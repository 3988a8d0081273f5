from pathlib import Path

import pytest

from backend.enrichment.settings import Settings as EnrichmentSettings
from backend.settings import Settings as BackendSettings
from backend.web import api_keys
from backend.web.api_keys import Scope
from monitor.settings import Settings as MonitorSettings
from scripts import make_secrets
from triton_runtime.settings import Settings as TritonSettings


def key_in(folder: Path, name: str) -> api_keys.ApiKey | None:
    keys = api_keys.read(folder / make_secrets.KEYS_FILE)
    assert keys.problems == ()
    return api_keys.find(keys.keys, (folder / name).read_text().strip())


def test_the_keys_are_in_the_file_of_keys_with_no_more_scopes_than_they_need(
    tmp_path: Path,
) -> None:
    operator = make_secrets.make(tmp_path)
    assert operator is not None
    known = api_keys.read(tmp_path / make_secrets.KEYS_FILE).keys
    own = api_keys.find(known, operator)
    assert own is not None
    assert own.scopes == set(Scope)
    monitor = key_in(tmp_path, "framegate_monitor_api_key")
    loadtest = key_in(tmp_path, "framegate_loadtest_api_key")
    assert monitor is not None
    assert loadtest is not None
    assert monitor.scopes == {Scope.METRICS}
    assert loadtest.scopes == {Scope.INFER, Scope.METRICS}


def test_the_settings_read_the_files(tmp_path: Path) -> None:
    make_secrets.make(tmp_path)
    token = (tmp_path / "framegate_internal_token").read_text().strip()
    control = (tmp_path / "framegate_triton_control_token").read_text().strip()
    key = (tmp_path / "framegate_monitor_api_key").read_text().strip()
    gateway = BackendSettings(_secrets_dir=tmp_path).internal_token
    enrichment = EnrichmentSettings(_secrets_dir=tmp_path)
    monitor = MonitorSettings(_secrets_dir=tmp_path).monitor_api_key
    triton = TritonSettings(_secrets_dir=tmp_path).triton_control_token
    assert gateway is not None
    assert enrichment.internal_token is not None
    assert enrichment.triton_control_token is not None
    assert monitor is not None
    assert triton is not None
    assert gateway.get_secret_value() == enrichment.internal_token.get_secret_value() == token
    assert enrichment.triton_control_token.get_secret_value() == control
    assert (triton.get_secret_value(), monitor.get_secret_value()) == (control, key)


def test_a_variable_wins_over_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_secrets.make(tmp_path)
    monkeypatch.setenv("FRAMEGATE_INTERNAL_TOKEN", "token-of-the-environment")
    token = BackendSettings(_secrets_dir=tmp_path).internal_token
    assert token is not None
    assert token.get_secret_value() == "token-of-the-environment"


def test_what_is_there_stays(tmp_path: Path) -> None:
    make_secrets.make(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert make_secrets.make(tmp_path) is None
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_removed_key_is_made_anew_beside_the_old_line(tmp_path: Path) -> None:
    make_secrets.make(tmp_path)
    (tmp_path / "framegate_monitor_api_key").unlink()
    assert make_secrets.make(tmp_path) is None
    assert key_in(tmp_path, "framegate_monitor_api_key") is not None
    names = [key.name for key in api_keys.read(tmp_path / make_secrets.KEYS_FILE).keys]
    assert names == ["operator", "monitor", "loadtest", "monitor"]


def test_the_folder_is_closed_and_its_files_open_to_a_container_s_user(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_secrets.make(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}


def test_the_operator_s_key_is_printed_alone_and_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make_secrets.main(["--folder", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith(api_keys.PREFIX)
    assert make_secrets.main(["--folder", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""


def test_a_place_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert make_secrets.main(["--folder", str(tmp_path / "file")]) == 1
    assert "file: File exists." in capsys.readouterr().err
