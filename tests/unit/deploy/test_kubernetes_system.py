"""The manifests beside the code: settings, probes, commands, numbers, the way out."""

import re
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from flask import Flask
from pydantic_settings import BaseSettings

from backend.enrichment.app import create_app as enrichment_app
from backend.enrichment.settings import Settings as EnrichmentSettings
from backend.gateway.app import create_app as gateway_app
from backend.settings import Settings as GatewaySettings
from loadtest._options import FLAGS
from loadtest._settings import LoadtestSettings
from monitor import flags
from monitor.settings import Settings as MonitorSettings
from tests.processes import PROJECT
from tests.unit.deploy.manifests import (
    BUILDS,
    SYSTEMS,
    Container,
    build,
    container,
    containers,
    named,
    of_kind,
    text_of,
)
from triton_runtime.server import EXIT_TIMEOUT_S
from triton_runtime.settings import Settings as TritonSettings

SETTINGS: dict[str, type[BaseSettings]] = {
    "gateway": GatewaySettings,
    "enrichment": EnrichmentSettings,
    "triton": TritonSettings,
    "monitor": MonitorSettings,
    "locust": LoadtestSettings,
}
# Read beside the settings: where secrets are files, and where Python puts temporary ones.
BESIDE_SETTINGS = {"FRAMEGATE_SECRETS_DIR", "TMPDIR"}
EACH_BUILD = pytest.mark.parametrize("folder", BUILDS)
EACH_SYSTEM = pytest.mark.parametrize("folder", SYSTEMS)


def settings_of(found: Container, monkeypatch: pytest.MonkeyPatch) -> BaseSettings:
    with monkeypatch.context() as patch:
        for secret in found.secrets:
            patch.setenv(secret.upper(), "a-secret-of-this-test")
        for name, value in found.environment.items():
            if name not in BESIDE_SETTINGS:
                patch.setenv(name, value)
        return SETTINGS[found.spec["name"]]()


@EACH_BUILD
def test_every_variable_is_a_setting_of_its_process_with_a_value_that_it_takes(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for found in containers(build(folder)):
        known = {f"FRAMEGATE_{name.upper()}" for name in fields_of(found)} | BESIDE_SETTINGS
        assert found.environment.keys() <= known, found
        if found.environment:
            settings_of(found, monkeypatch)


def fields_of(found: Container) -> set[str]:
    settings = SETTINGS.get(found.spec["name"])
    return set(settings.model_fields) if settings else set()


@pytest.fixture(scope="module")
def apps() -> dict[str, Flask]:
    return {"gateway": gateway_app(GatewaySettings()), "enrichment": enrichment_app()}


@EACH_SYSTEM
def test_every_probe_asks_what_is_answered_on_a_port_that_is_there(
    folder: str, apps: dict[str, Flask]
) -> None:
    for found in containers(build(folder)):
        name = found.spec["name"]
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            ask = found.spec.get(kind, {}).get("httpGet")
            if ask is None:
                continue
            port = found.port(ask["port"])
            if name in apps:
                rules = {rule.rule for rule in apps[name].url_map.iter_rules()}
                assert ask["path"] in rules, f"{found}: {kind}"
                variable = {"gateway": "FRAMEGATE_PORT", "enrichment": "FRAMEGATE_ENRICHMENT_PORT"}
                assert port == int(found.environment[variable[name]])
            elif name == "triton":
                assert ask["path"] == "/v2/health/live"
                assert port == int(found.environment["FRAMEGATE_TRITON_HTTP_PORT"])
            else:
                assert (name, ask["path"], port) == ("monitor", "/metrics", export_port())


def export_port() -> int:
    port: int = flags.parser().parse_args(["export"]).port
    return port


@EACH_SYSTEM
def test_everything_that_serves_is_probed(folder: str) -> None:
    for found in containers(build(folder)):
        if found.spec["name"] != "models":
            assert "livenessProbe" in found.spec, found
        if found.owner in ("gateway", "triton"):
            assert {"startupProbe", "readinessProbe"} <= found.spec.keys(), found


@EACH_SYSTEM
def test_every_command_is_one_of_the_project_s(folder: str) -> None:
    for found in containers(build(folder)):
        match found.spec.get("command"):
            case ["gunicorn", "--config", configuration]:
                assert (PROJECT / configuration).is_file()
            case ["python", "-m", "monitor", *arguments]:
                given = flags.parser().parse_args(arguments)
                assert given.gateway.startswith("http://gateway:8000/")
            case ["python", "-m", module, *_]:
                assert (PROJECT / module.replace(".", "/")).with_suffix(".py").is_file()
            case None:
                assert found.spec["image"].startswith("framegate/triton:"), found
            case other:
                raise AssertionError(f"{found}: {other}")


def test_the_load_test_s_flags_are_locust_s_and_the_workers_are_those_expected() -> None:
    locust = Path(sys.executable).parent / "locust"
    command = [str(locust), "-f", str(PROJECT / "loadtest"), "--help"]
    help_text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    own = {flag.name for flag in FLAGS}
    for job in ("loadtest-master", "loadtest-workers"):
        arguments = container(build("loadtest"), job, "locust").spec["args"]
        for flag in arguments:
            if flag.startswith("--") and flag not in own:
                assert re.search(rf"{flag}\b", help_text), flag
    master = container(build("loadtest"), "loadtest-master", "locust").spec["args"]
    workers = named(build("loadtest"), "Job", "loadtest-workers")["spec"]["parallelism"]
    assert master[master.index("--expect-workers") + 1] == str(workers)


@EACH_SYSTEM
def test_gateways_know_every_triton_that_there_may_be(folder: str) -> None:
    resources = build(folder)
    urls = container(resources, "gateway", "gateway").environment["FRAMEGATE_TRITON_URLS"]
    scalers = of_kind(resources, "HorizontalPodAutoscaler")
    (most,) = [s["spec"]["maxReplicas"] for s in scalers if s["metadata"]["name"] == "triton"] or [
        1
    ]
    triton = container(resources, "triton", "triton")
    expected = [f"http://triton-{n}.triton:{triton.ports['http']}" for n in range(most)]
    assert urls.split(",") == expected
    assert all(urlsplit(url).port == 8003 for url in expected)


@EACH_SYSTEM
def test_what_takes_requests_has_time_to_let_them_end(
    folder: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "unset")
    gateway = container(build(folder), "gateway", "gateway")
    told = runpy.run_path(str(PROJECT / "backend/gateway/gunicorn_conf.py"))
    settings = settings_of(gateway, monkeypatch)
    assert isinstance(settings, GatewaySettings)
    # Connections at rest end by themselves while the drain lasts.
    assert settings.drain_s > told["keepalive"]
    grace_s = gateway.pod["terminationGracePeriodSeconds"]
    assert grace_s >= settings.drain_s + told["graceful_timeout"] + 5
    triton = container(build(folder), "triton", "triton")
    assert triton.spec["lifecycle"]["preStop"]["exec"]["command"][-1] == "/scripts/triton-drain.sh"
    assert triton.pod["terminationGracePeriodSeconds"] >= 2 * 5 + EXIT_TIMEOUT_S + 10


def test_what_the_autoscalers_ask_for_is_given_by_the_adapter_and_counted_by_the_code() -> None:
    rules: list[dict[str, Any]] = yaml.safe_load(text_of("prometheus-adapter.yaml"))["rules"][
        "custom"
    ]
    given = {rule["name"]["as"] for rule in rules}
    scalers = of_kind(build("overlays/cpu"), "HorizontalPodAutoscaler")
    metrics = [metric for scaler in scalers for metric in scaler["spec"]["metrics"]]
    asked = {metric["pods"]["metric"]["name"] for metric in metrics if metric["type"] == "Pods"}
    assert asked == given
    assert '"framegate_in_flight_requests"' in (PROJECT / "backend/web/metrics.py").read_text()
    targets = {s["spec"]["scaleTargetRef"]["name"]: s["spec"]["scaleTargetRef"] for s in scalers}
    for name, target in targets.items():
        owner = named(build("overlays/cpu"), target["kind"], name)
        # A number there would be put back by every `kubectl apply`.
        assert "replicas" not in owner["spec"]
