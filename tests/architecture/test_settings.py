"""Settings: the same names mean the same, the docs list them all, the containers agree."""

import re
from typing import Any

import pytest
import yaml
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from backend.enrichment.settings import Settings as EnrichmentSettings
from backend.settings import Settings as BackendSettings
from loadtest._settings import LoadtestSettings
from monitor.settings import Settings as MonitorSettings
from scripts.document_settings import DOCUMENT, render
from tests import dockerfiles
from tests.processes import PROJECT
from triton_runtime.settings import Settings as TritonSettings

ALL: tuple[type[BaseSettings], ...] = (
    BackendSettings,
    EnrichmentSettings,
    TritonSettings,
    MonitorSettings,
    LoadtestSettings,
)
COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
# In a container the outer world is another network, and Triton another host.
DIFFERENT_IN_CONTAINERS = {
    "FRAMEGATE_HOST",
    "FRAMEGATE_API_KEYS_FILE",
    "FRAMEGATE_TRITON_HOST",
    "FRAMEGATE_TRITON_URLS",
    "FRAMEGATE_ENRICHMENT_HOST",
    "FRAMEGATE_ZOO_MEASUREMENTS",
}
# Read by no settings: where secrets lie, before settings are read.
SECRETS_DIR = "FRAMEGATE_SECRETS_DIR"


def by_variable() -> dict[str, list[FieldInfo]]:
    fields: dict[str, list[FieldInfo]] = {}
    for settings in ALL:
        for name, field in settings.model_fields.items():
            fields.setdefault(f"FRAMEGATE_{name.upper()}", []).append(field)
    return fields


def test_names_that_packages_share_have_one_default() -> None:
    shared = {name: fields for name, fields in by_variable().items() if len(fields) > 1}
    assert set(shared) == {
        "FRAMEGATE_ALLOW_ANONYMOUS",
        "FRAMEGATE_ALLOW_RANDOM_WEIGHTS",
        "FRAMEGATE_BODY_TIMEOUT_S",
        "FRAMEGATE_CLIP_UPLOAD_TIMEOUT_S",
        "FRAMEGATE_ENRICHMENT_HOST",
        "FRAMEGATE_ENRICHMENT_PORT",
        "FRAMEGATE_INTERNAL_TOKEN",
        "FRAMEGATE_LOG_LEVEL",
        "FRAMEGATE_MAX_BODY_BYTES",
        "FRAMEGATE_MAX_CLIP_BYTES",
        "FRAMEGATE_MAX_PIXELS",
        "FRAMEGATE_PORT",
        "FRAMEGATE_QUALITY_MODEL",
        "FRAMEGATE_TLS_CERT",
        "FRAMEGATE_TRITON_CONTROL_TOKEN",
        "FRAMEGATE_TRITON_GRPC_PORT",
        "FRAMEGATE_TRITON_HOST",
        "FRAMEGATE_TRITON_HTTP_PORT",
        "FRAMEGATE_TRITON_METRICS_PORT",
    }
    for name, fields in shared.items():
        assert len({field.default for field in fields}) == 1, name


def test_the_ports_are_the_published_ones() -> None:
    defaults = {name: fields[0].default for name, fields in by_variable().items()}
    assert defaults["FRAMEGATE_PORT"] == 8000
    assert defaults["FRAMEGATE_TRITON_HTTP_PORT"] == 8003
    assert defaults["FRAMEGATE_TRITON_GRPC_PORT"] == 8001
    assert defaults["FRAMEGATE_TRITON_METRICS_PORT"] == 8002


def test_every_setting_has_a_default_and_a_line_of_help() -> None:
    for name, variants in by_variable().items():
        for field in variants:
            assert not field.is_required(), name
            assert field.description, name


def test_no_package_has_more_than_thirty_settings() -> None:
    for settings in ALL:
        assert len(settings.model_fields) <= 30, settings.__module__


def test_the_document_lists_every_setting_as_it_is() -> None:
    assert (PROJECT / DOCUMENT).read_text() == render()


def written(default: object) -> str:
    """A default as the compose file writes it."""
    return "" if default in (None, ()) else str(default)


def ours(environment: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in environment.items() if name.startswith("FRAMEGATE_")}


@pytest.mark.parametrize("service", sorted(COMPOSE["services"]))
def test_the_containers_use_known_names_and_the_same_defaults(service: str) -> None:
    fields = by_variable()
    for name, value in ours(COMPOSE["services"][service].get("environment", {})).items():
        assert name in fields, name
        if name in DIFFERENT_IN_CONTAINERS:
            continue
        match = re.fullmatch(r"\$\{(\w+):-(.*)\}", value)
        assert match is not None, name
        assert match[1] == name
        if (service, name) == ("triton-gpu", "FRAMEGATE_TRITON_CONFIG"):
            assert (PROJECT / f"triton_models/baseline-synthetic/configs/{match[2]}.pbtxt").exists()
        else:
            assert match[2] == written(fields[name][0].default), name


@pytest.mark.parametrize("dockerfile", ["app", "triton"])
def test_the_images_use_known_names_and_the_same_defaults(dockerfile: str) -> None:
    fields = by_variable()
    stages = dockerfiles.read(PROJECT / f"deploy/{dockerfile}.Dockerfile")
    found = [pair for stage in stages.values() for pair in ours(stage.environment).items()]
    assert found
    for name, value in found:
        if name != SECRETS_DIR:
            assert name in fields, name
            default = written(fields[name][0].default)
            assert name in DIFFERENT_IN_CONTAINERS or value == default, name


def test_the_container_s_server_gets_the_launcher_s_arguments() -> None:
    launcher = (PROJECT / "triton_runtime/server.py").read_text()
    entrypoint = (PROJECT / "deploy/triton-entrypoint.sh").read_text()
    flags = set(re.findall(r"--[a-z][a-z-]+", entrypoint))
    assert flags <= set(re.findall(r"--[a-z][a-z-]+", launcher))
    embedded_only = {"--backend-directory", "--backend-config"}
    addresses = {"--http-address", "--grpc-address", "--metrics-address"}
    assert set(re.findall(r"\"(--[a-z][a-z-]+)", launcher)) - flags <= embedded_only | addresses
