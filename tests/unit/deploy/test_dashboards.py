"""The dashboards as Grafana would read them; it is not here to read them itself."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.judgement.verdict import load_thresholds
from scripts.dashboards.grafana import COLUMNS, document
from scripts.dashboards.panels import Dashboard, Panel, Query, Row
from scripts.make_dashboards import FOLDER, rendered
from tests.processes import PROJECT
from tests.prometheus import DASHBOARDS, panels

PROVISIONING = PROJECT / "deploy/grafana/provisioning"
CORE_PANELS = {"timeseries", "stat", "state-timeline"}
# Of Grafana's own list of units.
UNITS = {"s", "percentunit", "reqps", "ops", "short", "bytes", "celsius", "watt", "joule"}
EVERY_PANEL = [
    pytest.param(panel, id=f"{file.stem}-{panel['title']}")
    for file in DASHBOARDS
    for panel in panels(file)
]


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def test_the_files_are_what_the_tables_say() -> None:
    assert {file.name: file.read_text() for file in FOLDER.iterdir()} == rendered()


@pytest.mark.parametrize("panel", EVERY_PANEL)
def test_a_panel_says_what_it_shows_in_which_unit_and_asks_for_it(panel: dict[str, Any]) -> None:
    assert panel["type"] in CORE_PANELS
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    targets = panel["targets"]
    assert all(target["expr"] for target in targets)
    assert len({target["refId"] for target in targets}) == len(targets) > 0
    for one in (panel, *targets):
        assert one["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    # Lines of one panel can be told apart; a single number needs no name.
    if panel["type"] != "stat":
        assert len({target["legendFormat"] for target in targets} - {""}) == len(targets)


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_panels_lie_side_by_side_within_the_page(file: Path) -> None:
    places = [panel["gridPos"] for panel in read(file)["panels"]]
    for place in places:
        assert 0 <= place["x"] < place["x"] + place["w"] <= COLUMNS
        assert place["h"] > 0
    for one, other in itertools.combinations(places, 2):
        apart_in_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_in_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_in_x or apart_in_y
    ids = [panel["id"] for panel in read(file)["panels"]]
    assert len(set(ids)) == len(ids)


def test_dashboards_have_names_of_their_own_and_find_one_another() -> None:
    found = [read(file) for file in DASHBOARDS]
    assert len({one["uid"] for one in found}) == len({one["title"] for one in found}) == len(found)
    for one in found:
        assert [link["tags"] for link in one["links"]] == [one["tags"]]
        assert [variable["name"] for variable in one["templating"]["list"]] == ["datasource"]


def test_limits_are_drawn_in_the_unit_of_the_panel() -> None:
    def steps(measure: str) -> list[tuple[str, float | None]]:
        panel = Panel("a", "b.", "s", (Query("c", "d"),), measure=measure)
        shown = document(Dashboard("n", "t", "d.", (Row("r", (panel,)),)), load_thresholds().limits)
        found = shown["panels"][1]["fieldConfig"]["defaults"]["thresholds"]["steps"]
        return [(step["color"], step["value"]) for step in found]

    assert steps("e2e_ms") == [("green", None), ("orange", 0.5), ("red", 1.0)]
    assert steps("gpu_percent") == [("green", None), ("orange", 0.8), ("red", 0.9)]
    assert steps("temperature_celsius") == [("green", None), ("orange", 70.0), ("red", 80.0)]
    assert steps("success_percent") == [("red", None), ("orange", 0.95), ("green", 0.999)]


def test_what_does_not_fit_beside_the_others_begins_a_new_line() -> None:
    one = Panel("a", "b.", "s", (Query("c", "d"),))
    shown = document(
        Dashboard("n", "t", "d.", (Row("first", (one,) * 4), Row("second", (one,)))),
        load_thresholds().limits,
    )
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in shown["panels"]]
    assert places == [(0, 0), (0, 1), (8, 1), (16, 1), (0, 9), (0, 17), (0, 18)]


def test_grafana_is_told_where_prometheus_and_the_dashboards_are() -> None:
    (source,) = yaml.safe_load((PROVISIONING / "datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    assert source["isDefault"]
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards/framegate.yml").read_text())[
        "providers"
    ]
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
