"""The real Prometheus, what it is configured to ask, and its answers."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.processes import PROJECT, Process, Session, free_port

DEPLOYED = PROJECT / "deploy/prometheus"
RULE_FILES = sorted((DEPLOYED / "rules").glob("*.yml"))
DASHBOARDS = sorted((PROJECT / "deploy/grafana/dashboards").glob("*.json"))
_COMBINED = re.compile(r"\b(?:and|or|unless)\b(?: on \([^)]*\))?")
_COMPARED = re.compile(r" (?:==|>=|<=|>|<) -?\d[\d.]*$")


def rules(kind: str) -> Iterator[dict[str, Any]]:
    """Every rule of a kind: alert or record."""
    for file in RULE_FILES:
        for group in yaml.safe_load(file.read_text())["groups"]:
            yield from (rule for rule in group["rules"] if kind in rule)


def panels(dashboard: Path) -> Iterator[dict[str, Any]]:
    """Every panel of a dashboard but the titles of its rows."""
    for panel in json.loads(dashboard.read_text())["panels"]:
        if panel["type"] != "row":
            yield panel


def operands(alert: str) -> list[str]:
    """What an alert compares: in a system that is well, the comparison itself has no data."""
    parts = (part.strip() for part in _COMBINED.split(alert))
    return [_COMPARED.sub("", part) for part in parts if not part.startswith("absent(")]


def expressions() -> set[str]:
    """Of all recording rules, alerts and panels, those that have data whenever all of it runs."""
    of_rules = {rule["expr"] for rule in rules("record")}
    of_alerts = {part for rule in rules("alert") for part in operands(rule["expr"])}
    of_panels = {
        target["expr"]
        for dashboard in DASHBOARDS
        for panel in panels(dashboard)
        for target in panel["targets"]
    }
    return of_rules | of_alerts | of_panels


class Prometheus:
    """The server on a free port with the project's local configuration.

    Args:
        targets: name of a job → ports on this machine, in place of the configured ones.
        tokens: what the processes of a job that asks for one want to hear.
    """

    def __init__(
        self, folder: Path, targets: Mapping[str, list[int]], tokens: Mapping[str, str]
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._targets, self._tokens = targets, tokens

    def __enter__(self) -> "Prometheus":
        self.folder.mkdir(parents=True)
        file = self.folder / "prometheus.yml"
        file.write_text(yaml.safe_dump(self._configuration()))
        command = [
            "prometheus",
            f"--config.file={file}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]
        command += [f"--storage.tsdb.path={self.folder / 'data'}", "--log.level=warn"]
        self.process = Process(self.folder, command, {})
        self.process.wait_answering(f"{self.url}/-/ready")
        return self

    def __exit__(self, *error: object) -> None:
        self.process.stop()

    def _configuration(self) -> dict[str, Any]:
        """A second instead of five: what is asked stays the same, and is known sooner."""
        configured: dict[str, Any] = yaml.safe_load((DEPLOYED / "local.yml").read_text())
        configured["global"] = dict.fromkeys(("scrape_interval", "evaluation_interval"), "1s")
        configured["rule_files"] = [str(file) for file in RULE_FILES]
        for job in configured["scrape_configs"]:
            ports = self._targets[job["job_name"]]
            job["static_configs"] = [{"targets": [f"127.0.0.1:{port}" for port in ports]}]
            if "authorization" in job:
                token = self.folder / f"token-{job['job_name']}"
                token.write_text(self._tokens[job["job_name"]])
                job["authorization"]["credentials_file"] = str(token)
        return configured

    def ask(self, path: str, **query: str) -> Any:
        with Session() as session:
            answer = session.get(f"{self.url}/api/v1/{path}", params=query, timeout=10).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def values(self, expression: str) -> list[float]:
        """The numbers of this moment; what is not a number is none."""
        found = self.ask("query", query=expression)["result"]
        numbers = [float(series["value"][1]) for series in found]
        return [number for number in numbers if not math.isnan(number)]
