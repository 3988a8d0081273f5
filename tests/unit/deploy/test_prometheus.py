"""What Prometheus is told: targets, recorded names, alerts and their words."""

import re
from collections import Counter

import pytest
import yaml

from backend.enrichment.settings import Settings as EnrichmentSettings
from backend.settings import Settings
from monitor.judgement.verdict import MEASURES, Measure, load_thresholds
from monitor.settings import Settings as MonitorSettings
from scripts.dashboards.grafana import SCALES
from tests.processes import PROJECT
from tests.prometheus import DASHBOARDS, DEPLOYED, expressions, operands, panels, rules

ALERTS = list(rules("alert"))
RECORDED = [rule["record"] for rule in rules("record")]
# The series that Prometheus itself and the system's processes have are named without colons.
RECORDED_NAME = re.compile(r"\b[a-z_]+:[a-z_]+:[a-z0-9_]+")
OPERATIONS = (PROJECT / "docs/operations.md").read_text()
OBSERVABILITY = (PROJECT / "docs/observability.md").read_text()
PORTS = {
    "gateway": Settings().port,
    "enrichment": EnrichmentSettings().enrichment_port,
    "triton": MonitorSettings().triton_metrics_port,
    "monitor": 9105,
}


def jobs(name: str) -> dict[str, dict[str, object]]:
    configured = yaml.safe_load((DEPLOYED / name).read_text())
    return {job["job_name"]: job for job in configured["scrape_configs"]}


def test_containers_are_found_by_the_names_of_their_services() -> None:
    found = {name: job["dns_sd_configs"] for name, job in jobs("prometheus.yml").items()}
    assert found == {
        name: [{"names": [name], "type": "A", "port": port, "refresh_interval": "10s"}]
        for name, port in PORTS.items()
    }


def test_on_one_machine_the_same_jobs_are_found_on_loopback() -> None:
    found = {name: job["static_configs"] for name, job in jobs("local.yml").items()}
    assert found == {name: [{"targets": [f"127.0.0.1:{port}"]}] for name, port in PORTS.items()}


@pytest.mark.parametrize("name", ["prometheus.yml", "local.yml"])
def test_keys_are_read_from_files_and_sent_to_those_alone_who_ask(name: str) -> None:
    asked = {job for job, one in jobs(name).items() if "authorization" in one}
    assert asked == {"gateway", "enrichment"}
    assert "credentials:" not in (DEPLOYED / name).read_text()


def test_both_configurations_scrape_and_judge_alike() -> None:
    container, local = (
        yaml.safe_load((DEPLOYED / name).read_text()) for name in ("prometheus.yml", "local.yml")
    )
    assert container["global"] == local["global"]
    assert container["rule_files"] == local["rule_files"] == ["rules/*.yml"]


def test_what_is_recorded_is_used_and_what_is_used_is_recorded() -> None:
    used = {name for expression in expressions() for name in RECORDED_NAME.findall(expression)}
    assert used == set(RECORDED)


@pytest.mark.parametrize(
    "alert", ALERTS, ids=lambda one: f"{one['alert']}-{one['labels']['severity']}"
)
def test_an_alert_says_what_is_so_how_much_and_what_to_do(alert: dict[str, object]) -> None:
    labels, annotations = alert["labels"], alert["annotations"]
    assert isinstance(labels, dict)
    assert isinstance(annotations, dict)
    name = str(alert["alert"])
    assert labels["severity"] in {"warning", "critical"}
    assert re.fullmatch(r"\d+[sm]", str(alert["for"]))
    assert set(annotations) == {"summary", "description", "runbook"}
    assert "$value" in annotations["description"]
    assert annotations["runbook"] == f"docs/operations.md#alert-{name.lower()}"
    assert f"\n### Alert {name}\n" in OPERATIONS
    assert re.search(rf"^\| `{name}` \| .*{labels['severity']}", OBSERVABILITY, flags=re.MULTILINE)


def test_the_runbook_has_no_alert_that_is_gone() -> None:
    names = re.findall(r"^### Alert (\w+)$", OPERATIONS, flags=re.MULTILINE)
    assert sorted(names) == sorted({alert["alert"] for alert in ALERTS})


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
@pytest.mark.parametrize("level", ["degraded", "overloaded"])
def test_limits_are_those_of_the_monitor(measure: Measure, level: str) -> None:
    limits = load_thresholds().limits[measure.name]
    limit = limits.overloaded if level == "overloaded" else limits.healthy
    sign = "<" if measure.higher_is_better else ">"
    if level == "degraded" and not measure.healthy_at_limit:
        sign += "="
    (alert,) = (
        one
        for one in ALERTS
        if (one["labels"].get("measure"), one["labels"].get("level")) == (measure.name, level)
    )
    found = re.search(r" (>=|<=|>|<) (\d[\d.]*)", alert["expr"])
    assert found is not None
    assert found[1] == sign
    assert float(found[2]) == pytest.approx(limit * SCALES.get(measure.name, 1.0))
    severity = "critical" if level == "overloaded" else "warning"
    assert alert["labels"]["severity"] == severity


def test_every_alert_is_made_to_fire_in_a_test() -> None:
    fired = Counter(
        re.findall(
            r'alertname="(\w+)",severity="(\w+)"',
            "".join(file.read_text() for file in (DEPLOYED / "tests").glob("*.yml")),
        )
    )
    assert set(fired) == {(alert["alert"], alert["labels"]["severity"]) for alert in ALERTS}


def test_what_an_alert_compares_is_taken_apart_whole() -> None:
    assert operands('up{job="a"} == 0 or absent(up{job="a"})') == ['up{job="a"}']
    assert operands('a:b:c >= 0.05\nand on (model) d{e="f"}') == ["a:b:c", 'd{e="f"}']
    assert operands("a > 0\nunless on (i, m) b:c:d > 0") == ["a", "b:c:d"]


def test_there_are_panels_to_ask_for() -> None:
    assert {file.stem for file in DASHBOARDS} == {"system", "triton", "zoo", "load-test"}
    assert all(list(panels(file)) for file in DASHBOARDS)
