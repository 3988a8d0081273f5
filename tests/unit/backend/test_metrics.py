"""What the gateway counts of its requests, and the ids it gives them."""

import os
import platform
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from backend import __version__
from backend.errors import Overloaded
from backend.web import metrics, problems, request_ids
from tests.processes import PROJECT


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("test")
    for part in (request_ids, metrics, problems):
        part.register(app)

    @app.get("/ok/<name>")
    def ok(name: str) -> str:
        assert REGISTRY.get_sample_value("framegate_in_flight_requests") == 1
        return request_ids.request_id()

    @app.get("/full")
    def full() -> str:
        raise Overloaded("full")

    @app.get("/boom")
    def boom() -> str:
        raise RuntimeError

    return app.test_client()


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


def requests(route: str, method: str, status: int) -> float:
    return counted("framegate_requests_total", route=route, method=method, status=str(status))


def test_requests_are_counted_by_rule_and_status(client: FlaskClient) -> None:
    before = requests("/ok/<name>", "GET", 200)
    timed = counted("framegate_request_duration_seconds_count", route="/ok/<name>")
    for name in ("a", "b", "c"):
        client.get(f"/ok/{name}")
    assert requests("/ok/<name>", "GET", 200) - before == 3
    assert counted("framegate_request_duration_seconds_count", route="/ok/<name>") - timed == 3


def test_a_caller_cannot_make_up_label_values(client: FlaskClient) -> None:
    before = requests("unknown", "-", 404)
    client.get("/made-up-path")
    client.open("/made-up-too", method="BREW")
    assert requests("unknown", "-", 404) - before == 2
    exposed = client.get("/metrics").text
    assert "made-up" not in exposed
    assert "BREW" not in exposed


def test_problems_are_counted_by_code_and_requests_by_status(client: FlaskClient) -> None:
    codes = ("overloaded", "internal_error", "not_found")
    before = [counted("framegate_problems_total", code=code) for code in codes]
    statuses = [requests("/full", "GET", 503), requests("/boom", "GET", 500)]
    for path in ("/full", "/full", "/boom", "/nope"):
        client.get(path)
    after = [counted("framegate_problems_total", code=code) for code in codes]
    assert [b - a for a, b in zip(before, after, strict=True)] == [2, 1, 1]
    assert [requests("/full", "GET", 503), requests("/boom", "GET", 500)] == [
        statuses[0] + 2,
        statuses[1] + 1,
    ]


def test_nothing_stays_in_flight_however_it_ends(client: FlaskClient) -> None:
    for path in ("/ok/a", "/full", "/boom", "/nope"):
        client.get(path)
        assert counted("framegate_in_flight_requests") == 0


def test_stages_are_exposed_in_seconds(client: FlaskClient) -> None:
    labels = {"stage": "decode"}
    before = counted("framegate_stage_duration_seconds_sum", **labels)
    metrics.observe_stage("decode", 0.25)
    response = client.get("/metrics")
    assert response.content_type.startswith("text/plain")
    samples = {
        sample.name: sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
        if sample.labels == labels
    }
    assert samples["framegate_stage_duration_seconds_sum"] - before == pytest.approx(0.25)


def test_what_is_running_is_exposed(client: FlaskClient) -> None:
    python = platform.python_version()
    series = f'framegate_build_info{{python="{python}",version="{__version__}"}} 1.0'
    assert series in client.get("/metrics").text.splitlines()


def test_the_version_is_the_project_s() -> None:
    with (PROJECT / "pyproject.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["version"] == __version__


def test_a_model_is_shown_until_another_version_of_it_answers(client: FlaskClient) -> None:
    def shown() -> set[str]:
        lines = client.get("/metrics").text.splitlines()
        return {line for line in lines if line.startswith('framegate_model_info{model="m')}

    def series(model: str, version: str) -> str:
        return f'framegate_model_info{{model="{model}",variant="v",version="{version}"}} 1.0'

    metrics.show_model("m1", "1", "v")
    metrics.show_model("m2", "1", "v")
    assert shown() == {series("m1", "1"), series("m2", "1")}
    metrics.show_model("m1", "2", "v")
    assert shown() == {series("m1", "2"), series("m2", "1")}
    metrics.show_model("m1", "1", "v")
    assert shown() == {series("m1", "1"), series("m2", "1")}


def test_an_older_version_vanishes_where_processes_count_in_files(tmp_path: Path) -> None:
    program = (
        "from flask import Flask\n"
        "from backend.web import metrics\n"
        "app = Flask('test')\n"
        "metrics.register(app)\n"
        "for version in ('1', '2'):\n"
        "    metrics.show_model('m', version, 'v')\n"
        "print(app.test_client().get('/metrics').text)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    shown = [line for line in run.stdout.splitlines() if line.startswith("framegate_model_info")]
    assert shown == ['framegate_model_info{model="m",variant="v",version="2"} 1.0']


@pytest.mark.parametrize("asked", ["camera-7", "A.b_c-1", "x" * 64])
def test_a_harmless_id_is_kept(client: FlaskClient, asked: str) -> None:
    response = client.get("/ok/a", headers={"X-Request-Id": asked})
    assert (response.text, response.headers["X-Request-Id"]) == (asked, asked)


@pytest.mark.parametrize("asked", ["", "a b", "x" * 65, "ü", "a;b", "<script>", "a\tb"])
def test_any_other_id_is_replaced_by_a_fresh_one(client: FlaskClient, asked: str) -> None:
    given = {client.get("/ok/a", headers={"X-Request-Id": asked}).text for _ in range(2)}
    assert len(given) == 2
    for fresh in given:
        assert len(fresh) == 32
        assert set(fresh) <= set("0123456789abcdef")
