"""The containers of docker-compose.yml: which there are, what each may, how they meet."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from backend.enrichment.settings import Settings as EnrichmentSettings
from backend.settings import Settings as BackendSettings
from monitor.settings import Settings as MonitorSettings
from scripts import make_secrets
from tests import dockerfiles
from tests.processes import PROJECT, environment
from triton_runtime.settings import Settings as TritonSettings

COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
IMAGES = {
    path: dockerfiles.read(PROJECT / path)
    for path in ("deploy/app.Dockerfile", "deploy/triton.Dockerfile")
}
READERS: dict[str, type[BaseSettings]] = {
    "gateway": BackendSettings,
    "enrichment": EnrichmentSettings,
    "enrichment-gpu": EnrichmentSettings,
    "monitor": MonitorSettings,
    "monitor-gpu": MonitorSettings,
    "triton": TritonSettings,
    "triton-gpu": TritonSettings,
}
JOBS = {"models", "fetch", "loadtest", "loadtest-worker"}
each_service = pytest.mark.parametrize("name", sorted(SERVICES))


def image(name: str) -> dockerfiles.Stage:
    build = SERVICES[name]["build"]
    return IMAGES[build["dockerfile"]][build.get("target", "triton.Dockerfile")]


def started(*profiles: str) -> set[str]:
    """The services that these profiles start, by the name that others call them by."""
    return {
        name.removesuffix("-gpu")
        for name, service in SERVICES.items()
        if not service.get("profiles") or set(service["profiles"]) & set(profiles)
    }


def test_without_a_word_the_whole_system_starts_on_cpu_cores() -> None:
    assert "COMPOSE_PROFILES=cpu" in (PROJECT / ".env").read_text().splitlines()
    assert started("cpu") == {"gateway", "triton", "enrichment", "monitor", "models"}


def test_on_a_gpu_the_same_system_answers_by_the_same_names() -> None:
    assert started("gpu") == started("cpu")
    for name, service in SERVICES.items():
        if name.endswith("-gpu"):
            plain = name.removesuffix("-gpu")
            assert service["networks"]["inside"]["aliases"] == [plain]
            (device,) = service["deploy"]["resources"]["reservations"]["devices"]
            assert "gpu" in device["capabilities"]
            differing = {"profiles", "environment", "networks", "deploy"}
            for key in set(service) | set(SERVICES[plain]) - differing:
                assert key in differing or service[key] == SERVICES[plain][key], key


def test_each_profile_adds_what_its_name_says() -> None:
    assert started("observability") - started() == {"prometheus", "grafana"}
    assert started("cache") - started() == {"redis"}
    assert started("loadtest") - started() == {"loadtest", "loadtest-worker"}


def test_only_the_gateway_and_what_people_look_at_is_published_and_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"gateway", "prometheus", "grafana"}
    for ports in published.values():
        assert all(port.startswith("127.0.0.1:") for port in ports)
    (gateway,) = published["gateway"]
    assert int(gateway.rpartition(":")[2]) in image("gateway").ports


@each_service
def test_a_container_may_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert service["restart"] == ("no" if name in JOBS else "unless-stopped")


@each_service
def test_nothing_secret_is_in_an_environment(name: str) -> None:
    given = SERVICES[name].get("environment", {})
    assert not [variable for variable in given if re.search("TOKEN|API_KEY$", variable)] or (
        name == "fetch" and set(given) == {"HF_TOKEN"}  # of whoever runs it, for one download
    )
    assert "FRAMEGATE_ALLOW_ANONYMOUS" not in given


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_service_reads_the_secrets_that_it_is_given(name: str) -> None:
    fields = {f"framegate_{field}" for field in READERS[name].model_fields}
    files = {f"/run/secrets/{secret}" for secret in SERVICES[name]["secrets"]}
    by_path = set(SERVICES[name].get("environment", {}).values()) & files
    assert {file for file in files if Path(file).name not in fields} == by_path


def test_every_secret_is_made_and_every_mount_is_declared(tmp_path: Path) -> None:
    make_secrets.make(tmp_path)
    declared = {name: Path(secret["file"]) for name, secret in COMPOSE["secrets"].items()}
    assert set(declared) == {path.name for path in tmp_path.iterdir()}
    for name, path in declared.items():
        assert (PROJECT / path).resolve() == make_secrets.FOLDER / name
    for service in SERVICES.values():
        for secret in service.get("secrets", []):
            assert (secret if isinstance(secret, str) else secret["source"]) in declared


@each_service
def test_an_image_of_the_project_has_a_target_and_its_volumes_are_mounted(name: str) -> None:
    mounted = [volume.split(":") for volume in SERVICES[name].get("volumes", [])]
    if "build" in SERVICES[name]:
        wanted = set(image(name).volumes)
        places = {target for _, target, *_ in mounted}
        # The workers leave the runs to the master, and Triton reads what the jobs wrote.
        assert places == (wanted if name != "loadtest-worker" else set()) or name in (
            "triton",
            "triton-gpu",
        )
    for source, *_ in mounted:
        if not source.startswith("."):
            assert source in COMPOSE["volumes"], source


def test_the_zoo_s_repository_is_where_the_server_looks_for_it() -> None:
    script = (PROJECT / "deploy/triton-entrypoint.sh").read_text()
    assert SERVICES["triton"]["volumes"] == ["zoo-models:/zoo:ro"]
    assert "FRAMEGATE_ZOO_MODELS:-/zoo}" in script
    assert "FRAMEGATE_MODELS:-/models}" in script
    assert image("triton").copied[-1] == "triton_models"


@pytest.mark.parametrize(
    "path",
    [
        "deploy/prometheus/prometheus.yml",
        "deploy/grafana/provisioning",
        "deploy/grafana/dashboards",
    ],
)
def test_what_is_mounted_from_the_project_is_there(path: str) -> None:
    mounts = [v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", [])]
    assert any(f"./{path}".startswith(mount) for mount in mounts)
    if not (PROJECT / path).exists():
        pytest.skip(f"missing: {path}")


def test_every_host_that_is_named_is_a_service() -> None:
    text = (PROJECT / "docker-compose.yml").read_text()
    named = set(re.findall(r"(?:http|redis)://([a-z-]+):", text)) | {
        value
        for service in SERVICES.values()
        for variable, value in service.get("environment", {}).items()
        if variable.endswith("_HOST")
    }
    assert named == {"gateway", "triton", "enrichment", "redis"}
    assert named <= set(SERVICES)


def composed(**settings: str) -> dict[str, Any]:
    """The file as docker-compose understands it."""
    compose = shutil.which("docker-compose")
    if compose is None:
        pytest.skip("missing: docker-compose (Debian: docker-compose)")
    ran = subprocess.run(
        [compose, "config"],
        cwd=PROJECT,
        env=environment(settings) | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    read: dict[str, Any] = yaml.safe_load(ran.stdout)
    return read


def test_docker_compose_accepts_the_file_and_fills_in_defaults() -> None:
    services = composed()["services"]
    assert set(services) == set(SERVICES)
    assert services["gateway"]["ports"] == ["127.0.0.1:8000:8000/tcp"]
    assert services["triton"]["environment"]["FRAMEGATE_TRITON_CONFIG"] == "cpu"
    assert services["triton-gpu"]["environment"]["FRAMEGATE_TRITON_CONFIG"] == "rtx3060"


def test_the_environment_decides() -> None:
    services = composed(
        FRAMEGATE_PORT="9999", FRAMEGATE_TRITON_CONFIG="rtx5090", FRAMEGATE_QUALITY_MODEL="mine"
    )["services"]
    assert services["gateway"]["ports"] == ["127.0.0.1:9999:8000/tcp"]
    assert services["triton-gpu"]["environment"]["FRAMEGATE_TRITON_CONFIG"] == "rtx5090"
    for name in ("gateway", "enrichment", "triton"):
        assert services[name]["environment"]["FRAMEGATE_QUALITY_MODEL"] == "mine"
