from pathlib import Path

import pytest
from pydantic import ValidationError

from backend.settings import Settings


def problems() -> dict[str, str]:
    """Field → message, of settings that are wrong."""
    with pytest.raises(ValidationError) as caught:
        Settings()
    return {".".join(map(str, e["loc"])): e["msg"] for e in caught.value.errors()}


def test_without_an_environment_everything_is_on_loopback() -> None:
    settings = Settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.triton_addresses == (("127.0.0.1", 8003),)
    assert settings.quality_model == "capture_quality"
    assert (settings.tls_cert, settings.tls_key) == (None, None)
    assert (settings.max_body_bytes, settings.max_pixels) == (10_485_760, 25_000_000)


def test_every_setting_has_a_default_and_a_line_of_help() -> None:
    assert 0 < len(Settings.model_fields) < 30
    for name, field in Settings.model_fields.items():
        assert not field.is_required(), name
        assert (field.description or "").endswith("."), name


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


def test_the_environment_decides_under_the_prefix_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEGATE_PORT", "9000")
    monkeypatch.setenv("WORKERS", "7")
    assert (Settings().port, Settings().workers) == (9000, 2)


def test_every_problem_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PORT": "0",
        "WORKERS": "many",
        "TRITON_TIMEOUT_MS": "-5",
        "MAX_IN_FLIGHT": "0",
        "BODY_TIMEOUT_S": "0",
        "LOG_LEVEL": "loud",
        "QUALITY_MODEL": "",
        "TRITON_URLS": "grpc://a:1",
    }.items():
        monkeypatch.setenv(f"FRAMEGATE_{name}", value)
    found = problems()
    assert set(found) == {
        "port",
        "workers",
        "triton_timeout_ms",
        "max_in_flight",
        "body_timeout_s",
        "log_level",
        "quality_model",
        "triton_urls",
    }
    assert found["triton_urls"].endswith("'grpc://a:1' is not an http://host:port address")


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("PORT", 1, 65535), ("WORKERS", 1, 256), ("TRITON_TIMEOUT_MS", 1, 600_000)],
)
def test_limits_are_inclusive(
    monkeypatch: pytest.MonkeyPatch, name: str, low: int, high: int
) -> None:
    for value in (low, high):
        monkeypatch.setenv(f"FRAMEGATE_{name}", str(value))
        assert getattr(Settings(), name.lower()) == value
    for value in (low - 1, high + 1):
        monkeypatch.setenv(f"FRAMEGATE_{name}", str(value))
        assert set(problems()) == {name.lower()}


def test_triton_urls_come_by_commas_and_override_host_and_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FRAMEGATE_TRITON_HOST", "10.0.0.9")
    monkeypatch.setenv("FRAMEGATE_TRITON_HTTP_PORT", "9003")
    assert Settings().triton_addresses == (("10.0.0.9", 9003),)
    monkeypatch.setenv(
        "FRAMEGATE_TRITON_URLS", " http://a:1 ,http://b:2/,, http://[::1]:3,http://c"
    )
    assert Settings().triton_addresses == (("a", 1), ("b", 2), ("::1", 3), ("c", 80))
    monkeypatch.setenv("FRAMEGATE_TRITON_URLS", "")
    assert Settings().triton_addresses == (("10.0.0.9", 9003),)


def test_tls_needs_both_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    together = "Value error, FRAMEGATE_TLS_CERT and FRAMEGATE_TLS_KEY are needed together"
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.touch()
    monkeypatch.setenv("FRAMEGATE_TLS_CERT", str(cert))
    assert list(problems().values()) == [together]
    monkeypatch.setenv("FRAMEGATE_TLS_KEY", str(key))
    cert.unlink()
    assert list(problems().values()) == [
        f"Value error, there is no file {cert} and no {key}; `make certs` writes a pair"
    ]
    cert.touch()
    assert list(problems().values()) == [
        f"Value error, there is no file {key}; `make certs` writes a pair"
    ]
    key.touch()
    assert (Settings().tls_cert, Settings().tls_key) == (cert, key)
    monkeypatch.delenv("FRAMEGATE_TLS_CERT")
    assert list(problems().values()) == [together]
