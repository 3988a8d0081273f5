"""A picture to one model, and to several."""

import threading
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from backend.enrichment.tasks.registry import TASKS
from backend.errors import TritonFailed, TritonTimeout, TritonUnavailable
from tests.pictures import astronaut, encode
from tests.processes import wait_until
from tests.unit.backend.enrichment.catalogue import MODELS
from tests.unit.backend.enrichment.service import Service, service
from tests.unit.backend.enrichment.zoo.fake_triton import Behaviour

PICTURE = encode(astronaut((160, 120)), "JPEG")


@pytest.fixture
def zoo() -> Iterator[Service]:
    with service() as made:
        yield made


def infer(service: Service, name: str, query: str = "", **options: Any) -> Any:
    return service.client.post(
        f"/v1/models/{name}/infer{query}", data=PICTURE, content_type="image/jpeg", **options
    )


@pytest.mark.parametrize("name", MODELS)
def test_every_model_of_the_catalogue_answers_by_its_task_s_schema(zoo: Service, name: str) -> None:
    answer = infer(zoo, name)
    assert answer.status_code == 200, answer.json
    assert answer.json["model"] == {"name": name, "version": "1", "weights": "stand-in"}
    assert answer.json["picture"] == {"width": 160, "height": 120}
    jsonschema_rs.Draft202012Validator(TASKS[MODELS[name].task].schema).validate(
        answer.json["result"]
    )
    assert list(answer.json["timing_ms"]) == [
        "decode", "wait", "preprocess", "infer", "postprocess", "total",
    ]  # fmt: skip
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]


def test_prompts_and_limits_of_the_caller_reach_the_model(zoo: Service) -> None:
    answer = infer(zoo, "yolo-world-s", "?prompt=a+dog&prompt=a+cat&max_objects=1")
    (name, tensors) = zoo.server.asked[0]
    assert name == "yolo-world-s"
    assert tensors["prompts"].tolist() == [[b"a dog", b"a cat"]]
    assert answer.json["result"]["prompts"] == ["a dog", "a cat"]
    assert len(answer.json["result"]["objects"]) <= 1


def test_several_models_share_one_picture_and_each_has_its_own_answer(zoo: Service) -> None:
    answer = zoo.client.post("/v1/enrich?models=yolo11-face,pet-classifier", data=PICTURE)
    assert answer.status_code == 200
    assert list(answer.json["models"]) == ["yolo11-face", "pet-classifier"]
    for name, one in answer.json["models"].items():
        assert one["model"]["name"] == name
        assert one["result"]["task"] == MODELS[name].task
        assert set(one["timing_ms"]) == {"wait", "preprocess", "infer", "postprocess"}
    assert set(answer.json["timing_ms"]) == {"decode", "total"}


def test_a_model_s_failure_does_not_spoil_the_others(zoo: Service) -> None:
    zoo.server.errors["yolo11-face"] = [TritonFailed("It broke.")]
    zoo.server.errors["osnet-x0-25"] = [RuntimeError("nobody expects this")]
    names = "yolo11-face,pet-classifier,no-such,osnet-x0-25"
    answer = zoo.client.post(f"/v1/enrich?models={names}", data=PICTURE)
    found = answer.json["models"]
    assert answer.status_code == 200
    assert found["yolo11-face"] == {
        "problem": {"status": 502, "code": "triton_failed", "detail": "It broke."}
    }
    assert found["pet-classifier"]["result"]["task"] == "classification"
    assert found["no-such"]["problem"]["code"] == "unknown_model"
    assert found["osnet-x0-25"]["problem"]["code"] == "triton_failed"
    assert "nobody expects" not in answer.text


def test_of_several_models_only_those_get_the_prompts_that_take_some(zoo: Service) -> None:
    query = "models=fashion-clip,yolo11-face&prompt=a+hat&prompt=no+hat"
    answer = zoo.client.post(f"/v1/enrich?{query}", data=PICTURE)
    assert {"problem"} & {key for one in answer.json["models"].values() for key in one} == set()
    asked = dict(zoo.server.asked)
    assert asked["fashion-clip"]["prompts"].tolist() == [[b"a hat", b"no hat"]]
    assert "prompts" not in asked["yolo11-face"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/v1/models/yolo11-face/infer?prompt=a&prompt=b", "takes no prompt"),
        ("/v1/models/yolo11-face/infer?score_threshold=2", "`score_threshold` is '2'"),
        ("/v1/models/yolo11-face/infer?score_threshold=nan", "`score_threshold` is 'nan'"),
        ("/v1/models/yolo11-face/infer?max_objects=0", "send 1 to 1000"),
        ("/v1/models/yolo11-face/infer?threshold=0.5", "There is no parameter 'threshold'"),
        ("/v1/enrich", "Name the models"),
        ("/v1/enrich?models=,", "Name the models"),
        ("/v1/enrich?models=yolo11-face&prompt=a", "None of these models takes a prompt"),
    ],
)
def test_what_is_not_understood_is_refused_with_a_reason(
    zoo: Service, path: str, said: str
) -> None:
    answer = zoo.client.post(path, data=PICTURE)
    assert (answer.status_code, answer.json["code"]) == (400, "malformed_request")
    assert said in answer.json["detail"]


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"", "image/jpeg", 400, "malformed_request"),
        (b"no picture", None, 415, "unsupported_picture"),
        (PICTURE, "image/png", 415, "unsupported_picture"),
        (PICTURE[:-400], "image/jpeg", 422, "undecodable_picture"),
        (encode(astronaut((1200, 1200)), "JPEG"), "image/jpeg", 413, "picture_too_large"),
        (bytes(2**20 + 1), "image/jpeg", 413, "request_entity_too_large"),
    ],
)
def test_a_bad_picture_is_refused_before_any_model_is_asked(
    zoo: Service, body: bytes, kind: str | None, status: int, code: str
) -> None:
    answer = zoo.client.post("/v1/models/yolo11-face/infer", data=body, content_type=kind)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert zoo.triton.loads == []


def test_an_unknown_a_disabled_and_a_too_large_model_are_told_apart() -> None:
    off = MODELS["yolo11-face"].model_copy(update={"enabled": False})
    with service({**MODELS, "yolo11-face": off}, budget_mb=1000) as zoo:
        for name, status, code in [
            ("no-such", 404, "unknown_model"),
            ("yolo11-face", 409, "model_disabled"),
            ("xclip-base", 507, "model_too_large"),
        ]:
            answer = infer(zoo, name)
            assert (answer.status_code, answer.json["code"]) == (status, code)
        assert "2,000 MB" in infer(zoo, "xclip-base").json["detail"]


def test_a_model_that_cannot_be_loaded_says_why(zoo: Service) -> None:
    zoo.triton.models["pet-classifier"].fails = ["the file is damaged"]
    answer = infer(zoo, "pet-classifier")
    assert (answer.status_code, answer.json["code"]) == (503, "model_failed")
    assert "the file is damaged" in answer.json["detail"]
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_triton_that_was_started_again_costs_a_load_and_no_request(zoo: Service) -> None:
    assert infer(zoo, "pet-classifier").status_code == 200
    zoo.triton.restart()
    assert infer(zoo, "pet-classifier").status_code == 200
    assert zoo.triton.loads == ["pet-classifier", "pet-classifier"]
    assert zoo.server.described == ["pet-classifier", "pet-classifier"]


def test_a_triton_that_is_gone_is_told_and_when_it_is_back_all_is_well(zoo: Service) -> None:
    assert infer(zoo, "pet-classifier").status_code == 200
    zoo.triton.crash()
    zoo.server.errors["pet-classifier"] = [TritonUnavailable("Triton cannot be reached.")]
    answer = infer(zoo, "pet-classifier")
    assert (answer.status_code, answer.json["code"]) == (503, "triton_unavailable")
    zoo.triton.restart()
    assert infer(zoo, "pet-classifier").status_code == 200


def test_what_the_model_runs_under_is_asked_once_a_load(zoo: Service) -> None:
    for _ in range(3):
        infer(zoo, "pet-classifier")
    assert zoo.server.described == ["pet-classifier"]


def test_an_inference_that_takes_too_long_is_not_repeated(zoo: Service) -> None:
    zoo.server.errors["pet-classifier"] = [TritonTimeout("Triton did not answer in time.")]
    assert infer(zoo, "pet-classifier").status_code == 504
    assert len(zoo.server.asked) == 1


def test_a_caller_s_own_time_is_kept() -> None:
    with service(timeout_s=60) as zoo:
        gate = threading.Event()
        zoo.triton.models["pet-classifier"] = Behaviour(200 * 2**20, load_s=0.0, gate=gate)
        try:
            answer = infer(zoo, "pet-classifier", headers={"X-Request-Timeout-Ms": "150"})
        finally:
            gate.set()
        assert (answer.status_code, answer.json["code"]) == (503, "zoo_busy")


def test_past_the_limit_pictures_are_refused_and_the_status_is_still_told() -> None:
    with service(most_at_once=1) as zoo:
        gate = threading.Event()
        zoo.triton.models["pet-classifier"] = Behaviour(200 * 2**20, load_s=0.0, gate=gate)
        first = threading.Thread(target=infer, args=(zoo, "pet-classifier"))
        first.start()
        try:
            wait_until(lambda: zoo.triton.loads == ["pet-classifier"])
            others: Any = zoo.app.test_client()
            refused = others.post("/v1/models/osnet-x0-25/infer", data=PICTURE)
            assert (refused.status_code, refused.json["code"]) == (503, "overloaded")
            status = others.get("/v1/models/pet-classifier").json
            assert (status["state"], status["waiting"]) == ("loading", 1)
        finally:
            gate.set()
            first.join()
        assert infer(zoo, "osnet-x0-25").status_code == 200
