"""Rules and dashboards before the real Prometheus, which scrapes the real system under load."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from backend.web.api_keys import ApiKey, Scope, new_key, sha256
from monitor.observation import Growth
from monitor.output.exporter import Exporter
from scripts import make_standins
from tests.processes import (
    PROJECT,
    TOKEN,
    Enrichment,
    Gateway,
    Process,
    Triton,
    free_port,
    wait_until,
)
from tests.prometheus import DEPLOYED, RULE_FILES, Prometheus, expressions
from tests.steady_load import SteadyLoad
from tests.unit.monitor.output.made_observations import busy_sample, observed

pytestmark = [pytest.mark.triton, pytest.mark.timeout(240)]
# 100 MB each: they do not fit together.
MODELS, BUDGET_MB = ("paddleocr", "osnet-x0-25"), 150

NVML = "no GPU: the monitor reads it from a GPU's driver"
# What has no data on this machine: the name in the expression → why.
NEEDS = {
    "framegate_monitor_gpu_utilization_ratio": NVML,
    "framegate_monitor_gpu_memory_used_bytes": NVML,
    "framegate_monitor_gpu_temperature_celsius": NVML,
    "framegate_monitor_gpu_power_watts": NVML,
    "framegate_monitor_gpu_power_limit_watts": NVML,
    "gpu:framegate_monitor_gpu_memory:ratio": NVML,
    "gpu:framegate_monitor_gpu_power:ratio": NVML,
    "framegate_monitor_joules_per_inference": "no GPU: energy is that of the GPUs",
    "framegate_monitor_memory_growth_bytes_per_hour": "a trend takes twenty minutes, and a leak",
}


def missing_program(name: str) -> bool:
    return shutil.which(name) is None


@pytest.fixture(scope="module")
def promtool() -> str:
    if missing_program("promtool"):
        pytest.skip("missing: promtool (Debian: prometheus)")
    return "promtool"


def run(*command: str | Path) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=DEPLOYED)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_rules_and_both_configurations_are_accepted(promtool: str) -> None:
    run(promtool, "check", "rules", *RULE_FILES)
    for name in ("prometheus.yml", "local.yml"):
        # The files with tokens are there where it runs.
        run(promtool, "check", "config", "--syntax-only", DEPLOYED / name)


@pytest.mark.parametrize("file", sorted((DEPLOYED / "tests").glob("*.yml")), ids=lambda f: f.stem)
def test_alerts_fire_when_they_should_and_only_then(promtool: str, file: Path) -> None:
    run(promtool, "test", "rules", file)


@dataclass(frozen=True)
class System:
    triton: Triton
    gateway: Gateway
    zoo: Enrichment
    prometheus: Prometheus
    later_port: int
    """Where Prometheus looks for a second monitor."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    if missing_program("prometheus"):
        pytest.skip("missing: prometheus (Debian: prometheus)")
    folder = tmp_path_factory.mktemp("observed")
    models = folder / "models"
    assert make_standins.main(["--repository", str(models), *MODELS]) == 0
    measured = folder / "measured.json"
    # No load is as short, so that each counts as slow.
    measured.write_text(json.dumps({name: {"load_s": 0.001} for name in MODELS}))
    keys = folder / "keys"
    metrics_key = new_key()
    key = ApiKey("prometheus", frozenset({Scope.METRICS}), sha256(metrics_key))
    keys.write_text(f"{key.line}\n")
    with ExitStack() as started:
        triton = started.enter_context(
            Triton(
                folder / "triton",
                FRAMEGATE_TRITON_REPOSITORIES=f"{PROJECT / 'triton_models'},{models}",
            )
        )
        zoo = started.enter_context(
            Enrichment(
                folder / "zoo",
                triton_grpc_port=triton.grpc_port,
                FRAMEGATE_INTERNAL_TOKEN=TOKEN,
                FRAMEGATE_VRAM_BUDGET_MB=str(BUDGET_MB),
                FRAMEGATE_ZOO_MEASUREMENTS=str(measured),
            )
        )
        gateway = started.enter_context(
            Gateway(
                folder / "gateway",
                triton_port=triton.http_port,
                FRAMEGATE_ENRICHMENT_PORT=str(zoo.port),
                FRAMEGATE_API_KEYS_FILE=str(keys),
                FRAMEGATE_INTERNAL_TOKEN=TOKEN,
                FRAMEGATE_CACHE_TTL_S="60",
            )
        )
        monitor_port, later_port = free_port(), free_port()
        prometheus = started.enter_context(
            Prometheus(
                folder / "prometheus",
                {
                    "gateway": [gateway.port],
                    "enrichment": [zoo.port],
                    "triton": [triton.metrics_port],
                    "monitor": [monitor_port, later_port],
                },
                {"gateway": metrics_key, "enrichment": TOKEN},
            )
        )
        command = [sys.executable, "-m", "monitor", "-i", "0.5", "--triton", triton.metrics_url]
        command += ["--triton-http", triton.url, "--gateway", gateway.url]
        command += ["export", "--port", str(monitor_port)]
        monitor = Process(folder / "monitor", command, {"FRAMEGATE_MONITOR_API_KEY": metrics_key})
        started.callback(monitor.stop)
        monitor.wait_answering(f"http://127.0.0.1:{monitor_port}/metrics")
        yield System(triton, gateway, zoo, prometheus, later_port)


@pytest.fixture
def load(system: System) -> Iterator[None]:
    with SteadyLoad(system.gateway, system.zoo, MODELS):
        yield


def without_data(prometheus: Prometheus, asked: set[str]) -> set[str]:
    return {expression for expression in asked if not prometheus.values(expression)}


def wait_for_data(prometheus: Prometheus, asked: set[str]) -> None:
    left = asked

    def nothing_left() -> bool:
        nonlocal left
        left = without_data(prometheus, left)
        return not left

    try:
        wait_until(nothing_left, timeout_s=60)
    except AssertionError:
        pytest.fail("no data:\n" + "\n".join(sorted(left)))


def unhealthy_rules(prometheus: Prometheus) -> list[Any]:
    groups = prometheus.ask("rules")["groups"]
    return [rule for group in groups for rule in group["rules"] if rule["health"] != "ok"]


@pytest.mark.usefixtures("load")
def test_every_query_of_rules_alerts_and_dashboards_returns_data(system: System) -> None:
    asked = expressions()
    needing = {one for one in asked if any(name in one for name in NEEDS)}
    wait_for_data(system.prometheus, asked - needing)
    assert unhealthy_rules(system.prometheus) == []
    if system.prometheus.values('framegate_monitor_up{source="gpu"} == 1'):
        return  # a machine with a GPU has what the others lack
    assert without_data(system.prometheus, needing) == needing
    # Their names and labels hold before readings of a GPU that was made up.
    growth = Growth("gateway memory", 60e6, "gateway memory grows.", alarming=True)
    sample = busy_sample()
    with Exporter(
        "127.0.0.1", system.later_port, interval_s=1, monotonic=lambda: sample.monotonic_s
    ) as exporter:
        exporter.write(observed(sample, growths=(growth,)))
        wait_for_data(system.prometheus, needing)
        assert unhealthy_rules(system.prometheus) == []


@pytest.mark.usefixtures("load")
def test_what_is_recorded_is_what_was_counted(system: System) -> None:
    """Means over a minute of steady load are near those since the start."""
    ask = system.prometheus.values

    def model(family: str) -> float:
        (value,) = ask(f'nv_inference_{family}{{model="capture_quality"}}')
        return value

    wait_until(lambda: model("request_success") > 50, what="50 pictures were scored")
    for step in ("queue", "compute_infer"):
        (recorded_s,) = ask(
            f'instance_model:nv_inference_{step}_seconds:mean1m{{model="capture_quality"}}'
        )
        since_start_s = model(f"{step}_duration_us") / 1e6 / model("request_success")
        assert since_start_s / 5 < recorded_s < since_start_s * 5
    (batch,) = ask('instance_model:nv_inference_batch_size:mean1m{model="capture_quality"}')
    assert 1 <= batch <= 8
    (success,) = ask('source:framegate_success:ratio1m{source="gateway"}')
    # Of three pictures one was given no time.
    assert 0.5 < success < 0.9
    (cached,) = ask("job:framegate_cache_hits:ratio1m")
    assert 0.3 < cached < 0.7


def test_a_triton_that_is_gone_is_told_by_all_who_need_it(system: System) -> None:
    system.triton.stop()

    def told() -> bool:
        system.gateway.get("/health/ready")
        alerts = system.prometheus.ask("alerts")["alerts"]
        names = {alert["labels"]["alertname"] for alert in alerts}
        return {"TritonDown", "GatewayNotReady", "ZooWithoutTriton"} <= names

    wait_until(told, timeout_s=30, what="the alerts are pending")
