"""What the zoo says of itself, and what an administrator may tell it."""

import datetime as dt
import re
from collections.abc import Iterator

import pytest

from backend.enrichment.tasks.registry import TASKS
from tests.unit.backend.enrichment.catalogue import MODELS
from tests.unit.backend.enrichment.service import Service, service


@pytest.fixture
def zoo() -> Iterator[Service]:
    with service() as made:
        yield made


def test_an_empty_zoo_has_its_whole_budget_and_every_model_of_the_catalogue(zoo: Service) -> None:
    found = zoo.client.get("/v1/models").json
    assert {key: value for key, value in found.items() if key != "registered_models"} == {
        "memory_kind": "host",
        "vram_budget_mb": 6963.0,
        "vram_used_mb": 0.0,
        "vram_available_mb": 6963.0,
        "vram_utilization_percent": 0.0,
        "quarantined_mb": 0.0,
        "loaded_models": [],
        "pending_loads": [],
        "triton": None,
        "restart_advised": False,
    }
    assert [model["name"] for model in found["registered_models"]] == list(MODELS)
    assert {model["state"] for model in found["registered_models"]} == {"absent"}
    assert not any(model["available"] for model in found["registered_models"])


def test_a_loaded_model_is_in_the_status_with_its_last_use(zoo: Service) -> None:
    answer = zoo.client.post("/v1/models/vitpose-small/load")
    assert answer.json["state"] == "ready"
    assert answer.json["available"] is True
    assert answer.json["charged_mb"] == answer.json["measured_mb"] == 1500.0
    found = zoo.client.get("/v1/models").json
    (loaded,) = found["loaded_models"]
    used = dt.datetime.fromisoformat(loaded.pop("last_used"))
    assert abs((dt.datetime.now(dt.UTC) - used).total_seconds()) < 60
    assert loaded == {"name": "vitpose-small", "vram_mb": 1500.0, "priority": "HIGH"}
    assert found["vram_used_mb"] == 1500.0
    assert found["vram_utilization_percent"] == 21.5


def test_a_model_without_files_is_not_available_although_it_was_loaded(zoo: Service) -> None:
    assert zoo.client.post("/v1/models/clip-vit-l/load").json["available"] is False


def test_one_model_says_what_goes_in_and_what_comes_out(zoo: Service) -> None:
    found = zoo.client.get("/v1/models/fashion-clip").json
    spec = MODELS["fashion-clip"]
    assert found["license"] == spec.license
    assert found["prompts"] == list(spec.prompts)
    assert found["input"]["width"] == 224
    assert found["outputs"][0]["name"] == "logits_per_image"
    assert found["answer_schema"] == TASKS[spec.task].schema


def test_a_plan_names_who_would_go_and_changes_nothing(zoo: Service) -> None:
    for name in ("xclip-base", "vehicle-damage-detection", "vitpose-small"):
        zoo.client.post(f"/v1/models/{name}/load")
    plan = zoo.client.get("/v1/models/yolo-world-s/plan").json
    assert plan["evicts"] == ["xclip-base"]
    assert plan["why_not"] is None
    assert plan["state"] == "absent"
    assert len(zoo.client.get("/v1/models").json["loaded_models"]) == 3


def test_a_plan_says_why_a_model_cannot_be_loaded() -> None:
    with service(budget_mb=1000) as zoo:
        plan = zoo.client.get("/v1/models/xclip-base/plan").json
        assert plan["evicts"] == []
        assert "can never be loaded" in plan["why_not"]


def test_a_pinned_model_stays_and_an_unpinned_one_may_go(zoo: Service) -> None:
    for name in ("xclip-base", "vehicle-damage-detection", "vitpose-small"):
        zoo.client.post(f"/v1/models/{name}/load")
    assert zoo.client.post("/v1/models/xclip-base/pin").json["pinned"] is True
    assert zoo.client.get("/v1/models/yolo-world-s/plan").json["evicts"] == [
        "vehicle-damage-detection"
    ]
    assert zoo.client.post("/v1/models/xclip-base/unpin").json["pinned"] is False
    assert zoo.client.get("/v1/models/yolo-world-s/plan").json["evicts"] == ["xclip-base"]


def test_an_unloaded_model_is_gone_with_its_memory(zoo: Service) -> None:
    zoo.client.post("/v1/models/vitpose-small/load")
    found = zoo.client.post("/v1/models/vitpose-small/unload").json
    assert (found["state"], found["charged_mb"]) == ("absent", 0.0)
    assert zoo.triton.memory_of_now("vitpose-small") == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "/plan")]
    + [("POST", f"/{action}") for action in ("load", "unload", "pin", "unpin")],
)
def test_a_model_that_is_none_is_unknown_everywhere(zoo: Service, method: str, path: str) -> None:
    answer = zoo.client.open(f"/v1/models/no-such{path}", method=method)
    assert (answer.status_code, answer.json["code"]) == (404, "unknown_model")


def test_prometheus_is_told_what_the_zoo_holds_and_did(zoo: Service) -> None:
    for name in ("xclip-base", "vehicle-damage-detection", "vitpose-small", "yolo-world-s"):
        zoo.client.post(f"/v1/models/{name}/load")
    zoo.client.post("/v1/models/yolo-world-s/load")
    text = zoo.client.get("/metrics").text
    values = dict(re.findall(r"^(enrichment_\S+) (\S+)$", text, flags=re.MULTILINE))
    mib = 2**20
    assert float(values["enrichment_vram_usage_bytes"]) == 5000 * mib
    assert float(values["enrichment_vram_budget_bytes"]) == 6963 * mib
    assert round(float(values["enrichment_vram_utilization_percent"]), 1) == 71.8
    assert float(values["enrichment_models_loaded"]) == 3
    assert float(values["enrichment_leases"]) == 0
    assert float(values["enrichment_vram_quarantined_bytes"]) == 0
    assert (
        values['enrichment_model_evictions_total{model_name="xclip-base",priority="LOW"}'] == "1.0"
    )
    leases = 'enrichment_model_leases_total{model_name="yolo-world-s",outcome='
    assert (values[f'{leases}"miss"}}'], values[f'{leases}"hit"}}']) == ("1.0", "1.0")
    loads = 'enrichment_model_load_time_seconds_bucket{le="%s",model_name="vitpose-small"}'
    buckets = ("0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "30.0", "60.0", "+Inf")
    assert [values[loads % bucket] for bucket in buckets] == ["1.0"] * len(buckets)
    assert values["enrichment_load_wait_seconds_count"] == "4.0"
    assert values["enrichment_eviction_age_seconds_count"] == "1.0"
