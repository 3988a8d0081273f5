from pathlib import Path

import pytest

from monitor.addresses import (
    DEFAULT_HOST,
    DEFAULTS,
    Addresses,
    BadSettings,
    Given,
    resolve,
    webhook_by,
)
from monitor.settings import Settings


def test_without_flags_and_variables_everything_is_where_it_usually_is() -> None:
    assert resolve(Given(), {}) == Addresses(
        metrics="http://127.0.0.1:8002/metrics",
        statistics="http://127.0.0.1:8003/v2/models/stats",
        gateway="http://127.0.0.1:8000/metrics",
        watch={"gateway": 8000, "triton": 8003},
    )


def test_the_defaults_are_those_of_the_settings() -> None:
    fields = Settings.model_fields
    assert {name: fields[name].default for name in DEFAULTS} == dict(DEFAULTS)
    assert fields["triton_host"].default == DEFAULT_HOST


def test_variables_say_where_it_is_and_what_to_believe(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {
        "FRAMEGATE_TRITON_HOST": "::1",
        "FRAMEGATE_TRITON_METRICS_PORT": "9002",
        "FRAMEGATE_TLS_CERT": "cert.pem",
        "FRAMEGATE_MONITOR_API_KEY": "fg_secret",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = resolve(Given(), environment)
    assert found.metrics == "http://[::1]:9002/metrics"
    assert found.statistics == "http://[::1]:8003/v2/models/stats"
    assert found.gateway == "https://127.0.0.1:8000/metrics"
    assert (found.ca, found.api_key) == (Path("cert.pem"), "fg_secret")
    assert "fg_secret" not in repr(found)


def test_the_webhook_is_the_flag_s_or_the_variable_s(monkeypatch: pytest.MonkeyPatch) -> None:
    assert webhook_by(None, {}) is None
    environment = {"FRAMEGATE_MONITOR_WEBHOOK": "https://chat.example/secret"}
    monkeypatch.setenv(*next(iter(environment.items())))
    assert webhook_by(None, environment) == "https://chat.example/secret"
    assert webhook_by("https://other.example", environment) == "https://other.example"


def test_flags_win_and_nothing_is_guessed_beside_another_triton() -> None:
    found = resolve(Given(triton="http://10.0.0.5:8002/metrics", gateway="off"), {})
    assert found == Addresses("http://10.0.0.5:8002/metrics", None, None, {})


def test_only_processes_of_this_machine_are_watched() -> None:
    given = Given(triton_http="http://10.0.0.5:8003/v2/models/stats", watch=None)
    assert resolve(given, {}).watch == {"gateway": 8000}
    assert resolve(Given(watch=(("page", 80),)), {}).watch == {"page": 80}
    assert resolve(Given(watch=()), {}).watch == {}


def test_every_wrong_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"FRAMEGATE_TRITON_HOST": "", "FRAMEGATE_PORT": "http"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BadSettings) as caught:
        resolve(Given(), environment)
    assert "FRAMEGATE_TRITON_HOST: " in str(caught.value)
    assert "FRAMEGATE_PORT: " in str(caught.value)
