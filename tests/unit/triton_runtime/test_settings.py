from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.processes import PROJECT
from triton_runtime.settings import Settings


def test_without_an_environment_everything_is_on_loopback_and_in_the_project() -> None:
    settings = Settings()
    assert settings.triton_host == "127.0.0.1"
    assert (
        settings.triton_http_port,
        settings.triton_grpc_port,
        settings.triton_metrics_port,
    ) == (8003, 8001, 8002)
    assert settings.triton_repositories == (PROJECT / "triton_models", PROJECT / "var/models")
    assert settings.triton_models_env == PROJECT / ".venv-triton"
    assert settings.triton_log == PROJECT / "var/log/triton.log"
    assert (settings.triton_control_token, settings.internal_token) == (None, None)
    assert settings.triton_runtime is None
    assert (settings.quality_model, settings.triton_config) == ("baseline-synthetic", "cpu")


def test_every_setting_has_a_default_and_a_line_of_help() -> None:
    assert 0 < len(Settings.model_fields) < 30
    for name, field in Settings.model_fields.items():
        assert not field.is_required(), name
        assert (field.description or "").endswith("."), name


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().triton_http_port = 1  # type: ignore[misc]


def test_repositories_come_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEGATE_TRITON_REPOSITORIES", " /a/models, b ,,")
    assert Settings().triton_repositories == (Path("/a/models"), Path("b"))


def test_every_problem_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "TRITON_HTTP_PORT": "0",
        "TRITON_GRPC_PORT": "65536",
        "TRITON_METRICS_PORT": "many",
        "QUALITY_MODEL": "",
    }.items():
        monkeypatch.setenv(f"FRAMEGATE_{name}", value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert {error["loc"][0] for error in caught.value.errors()} == {
        "triton_http_port",
        "triton_grpc_port",
        "triton_metrics_port",
        "quality_model",
    }


@pytest.mark.parametrize("name", ["triton_control_token", "internal_token"])
def test_a_token_is_not_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"FRAMEGATE_{name.upper()}", "hush")
    assert getattr(Settings(), name).get_secret_value() == "hush"
    assert "hush" not in repr(Settings())
