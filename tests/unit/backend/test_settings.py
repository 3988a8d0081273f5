from pathlib import Path

import pytest
from pydantic import ValidationError

from backend.settings import Settings, problems_in


def problems() -> dict[str, str]:
    """Field → message, of settings that are wrong."""
    with pytest.raises(ValidationError) as caught:
        Settings()
    return {".".join(map(str, e["loc"])): e["msg"] for e in caught.value.errors()}


def test_without_an_environment_everything_is_on_loopback() -> None:
    settings = Settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.triton_addresses == (("127.0.0.1", 8003),)
    assert settings.quality_model == "baseline-synthetic"
    assert (settings.tls_cert, settings.tls_key) == (None, None)
    assert (settings.max_body_bytes, settings.max_pixels) == (10_485_760, 25_000_000)


def test_every_setting_has_a_default_and_a_line_of_help() -> None:
    assert 0 < len(Settings.model_fields) <= 30
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


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
def test_loopback_is_open_to_anyone(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("FRAMEGATE_HOST", host)
    assert Settings().host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "gateway.example", "127.1", ""])
def test_any_other_address_needs_keys_or_a_clear_word(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("FRAMEGATE_HOST", host)
    (problem,) = problems().values()
    assert problem == (
        f"Value error, FRAMEGATE_HOST is {host}, where anyone could call: name a file of keys in "
        "FRAMEGATE_API_KEYS_FILE, or set FRAMEGATE_ALLOW_ANONYMOUS=true"
    )
    monkeypatch.setenv("FRAMEGATE_ALLOW_ANONYMOUS", "true")
    assert Settings().allow_anonymous
    monkeypatch.delenv("FRAMEGATE_ALLOW_ANONYMOUS")
    monkeypatch.setenv("FRAMEGATE_API_KEYS_FILE", "var/keys")
    assert Settings().api_keys_file == Path("var/keys")


def test_an_empty_secret_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEYS_FILE", "INTERNAL_TOKEN", "REDIS_URL"):
        monkeypatch.setenv(f"FRAMEGATE_{name}", "")
    settings = Settings()
    assert (settings.api_keys_file, settings.internal_token, settings.redis_url) == (None,) * 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INTERNAL_TOKEN", "short-and-secret"[:15]),
        ("INTERNAL_TOKEN", "sixteen characters and a blank"),
        ("INTERNAL_TOKEN", "what=would-be-read-as-a-parameter"),
        ("REDIS_URL", "http://:hunter2-hunter2@a:1"),
        ("REDIS_URL", "redis://:hunter2-hunter2@a:port"),
    ],
)
def test_a_wrong_secret_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"FRAMEGATE_{name}", value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    (line,) = problems_in(caught.value)
    assert line.startswith(f"FRAMEGATE_{name}: ")
    assert value not in line


@pytest.mark.parametrize(
    "url", ["redis://a", "redis://a:6379/2", "rediss://user:pass@a.b:1/0", "redis://:p%2Fw@a:6379"]
)
def test_an_address_of_redis_may_have_a_password(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("FRAMEGATE_REDIS_URL", url)
    secret = Settings().redis_url
    assert secret is not None
    assert secret.get_secret_value() == url
    assert url not in repr(Settings())


@pytest.mark.parametrize("rate", ["", "20/second", "1/minute", "999999999/day"])
def test_a_rate_is_a_number_per_unit(monkeypatch: pytest.MonkeyPatch, rate: str) -> None:
    monkeypatch.setenv("FRAMEGATE_RATE_LIMIT", rate)
    assert Settings().rate_limit == rate


@pytest.mark.parametrize(
    "rate",
    ["20", "0/second", "-1/second", "20/s", "1.5/second", "2/second;5/minute", "2/second "],
)
def test_what_is_no_rate_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, rate: str) -> None:
    monkeypatch.setenv("FRAMEGATE_RATE_LIMIT", rate)
    assert problems() == {
        "rate_limit": f"Value error, {rate!r} is not a rate such as 20/second, "
        "or per minute, hour, day"
    }


def test_origins_come_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEGATE_CORS_ORIGINS", "https://a.example, http://[::1]:8080,")
    assert Settings().cors_origins == ("https://a.example", "http://[::1]:8080")


@pytest.mark.parametrize(
    "origin", ["*", "a.example", "https://a/", "https://*.a", "https://a/b", "null", "HTTPS://a"]
)
def test_what_is_no_origin_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("FRAMEGATE_CORS_ORIGINS", f"https://fine.example,{origin}")
    assert problems()["cors_origins"].startswith(f"Value error, {origin!r} is not an origin")
