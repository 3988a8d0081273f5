"""The model zoo's process before the real Triton, with stand-ins."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from scripts import make_standins
from tests.pictures import astronaut, encode
from tests.processes import PROJECT, TOKEN, Enrichment, Session, Triton, wait_until

PICTURE = encode(astronaut((320, 240)), "JPEG")
# 100, 100, 150, 200 and 200 MB.
MODELS = ("paddleocr", "osnet-x0-25", "depth-anything-v2-small", "pet-classifier", "yolo11-face")
BUDGET_MB = 460
OPEN = {"Content-Type": "image/jpeg"}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo-models")
    assert make_standins.main(["--repository", str(folder), *MODELS]) == 0
    return folder


@pytest.fixture(scope="module")
def triton(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Triton]:
    folder = tmp_path_factory.mktemp("zoo-triton")
    repositories = f"{PROJECT / 'triton_models'},{repository}"
    with Triton(folder, FRAMEGATE_TRITON_REPOSITORIES=repositories) as started:
        yield started


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory, triton: Triton) -> Iterator[Enrichment]:
    folder = tmp_path_factory.mktemp("zoo")
    with Enrichment(
        folder, triton_grpc_port=triton.grpc_port, FRAMEGATE_VRAM_BUDGET_MB=str(BUDGET_MB)
    ) as started:
        wait_until(lambda: started.get("/v1/models").json()["triton"] is None)
        yield started


def infer(zoo: Enrichment, name: str, **headers: str) -> requests.Response:
    return zoo.post(f"/v1/models/{name}/infer", PICTURE, **OPEN, **headers)


def index(triton: Triton) -> dict[str, str]:
    with Session() as session:
        answer = session.post(
            f"{triton.url}/v2/repository/index", headers={"triton-control": TOKEN}, timeout=10
        )
    return {row["name"]: row.get("state", "") for row in answer.json()}


def states(zoo: Enrichment) -> dict[str, str]:
    return {
        model["name"]: model["state"] for model in zoo.get("/v1/models").json()["registered_models"]
    }


def stubs(triton: Triton, model: str) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(triton.process.popen.pid).children(recursive=True)
        if f"{model}_0_0" in child.cmdline()
    ]


def anonymous_mb(process: psutil.Process) -> float:
    return process.memory_full_info().uss / 2**20


def test_a_model_is_loaded_when_it_is_asked_for_and_says_that_it_is_a_stand_in(
    zoo: Enrichment, triton: Triton
) -> None:
    first = infer(zoo, "pet-classifier").json()
    again = infer(zoo, "pet-classifier").json()
    assert first["model"] == {"name": "pet-classifier", "version": "1", "weights": "stand-in"}
    assert first["result"] == again["result"]
    assert first["timing_ms"]["wait"] > 50 > again["timing_ms"]["wait"]
    assert index(triton)["pet-classifier"] == "READY"


def test_what_is_charged_is_at_least_what_the_model_s_process_holds(
    zoo: Enrichment, triton: Triton
) -> None:
    infer(zoo, "pet-classifier")
    (process,) = stubs(triton, "pet-classifier")
    wait_until(lambda: zoo.model("pet-classifier")["measured_mb"] is not None)
    found = zoo.model("pet-classifier")
    assert found["charged_mb"] >= 0.98 * anonymous_mb(process)
    assert found["measured_mb"] == pytest.approx(anonymous_mb(process), rel=0.1)


def test_all_models_are_served_in_turn_within_a_budget_that_holds_some(
    zoo: Enrichment, triton: Triton
) -> None:
    for name in MODELS * 2:
        answer = infer(zoo, name)
        assert answer.status_code == 200, answer.text
        assert answer.json()["model"]["name"] == name
        status = zoo.get("/v1/models").json()
        assert status["vram_used_mb"] <= BUDGET_MB
    held_mb = sum(anonymous_mb(process) for name in MODELS for process in stubs(triton, name))
    assert held_mb <= BUDGET_MB
    assert "enrichment_model_evictions_total{model_name=" in zoo.get("/metrics").text


def test_a_picture_for_models_that_do_not_fit_together_is_answered_by_all(
    zoo: Enrichment,
) -> None:
    answer = zoo.post(f"/v1/enrich?models={','.join(MODELS)}", PICTURE, **OPEN).json()
    assert list(answer["models"]) == list(MODELS)
    assert [one["result"]["task"] for one in answer["models"].values()] == [
        "ocr", "embedding", "depth", "classification", "detection",
    ]  # fmt: skip


def test_an_unloaded_model_has_no_process_when_the_answer_comes(
    zoo: Enrichment, triton: Triton
) -> None:
    infer(zoo, "osnet-x0-25")
    found = zoo.post("/v1/models/osnet-x0-25/unload").json()
    assert (found["state"], found["charged_mb"]) == ("absent", 0.0)
    assert stubs(triton, "osnet-x0-25") == []
    assert index(triton)["osnet-x0-25"] == "UNAVAILABLE"


def test_the_quality_model_is_not_the_zoo_s_to_touch(zoo: Enrichment) -> None:
    assert zoo.post("/v1/models/capture_quality/unload").status_code == 404
    assert "capture_quality" not in states(zoo)


def test_damaged_files_are_told_with_triton_s_reason_and_left_alone_for_a_while(
    zoo: Enrichment, repository: Path
) -> None:
    zoo.post("/v1/models/depth-anything-v2-small/unload")
    code = repository / "depth-anything-v2-small/1/model.py"
    whole = code.read_text()
    code.write_text("import no_such_module\n")
    try:
        answers = [infer(zoo, "depth-anything-v2-small") for _ in range(4)]
        assert {answer.status_code for answer in answers} == {503}
        assert {answer.json()["code"] for answer in answers} == {"model_failed"}
        assert "no_such_module" in answers[0].json()["detail"]
        assert int(answers[3].headers["Retry-After"]) > 5
        wait_until(lambda: zoo.model("depth-anything-v2-small")["state"] == "failed")
        assert zoo.model("depth-anything-v2-small")["quarantined_mb"] == 0
        assert answers[3].elapsed.total_seconds() < 1
    finally:
        code.write_text(whole)
    # An index or another model is none the worse for it.
    assert infer(zoo, "paddleocr").status_code == 200


def test_a_zoo_that_was_killed_finds_again_what_triton_has(zoo: Enrichment, triton: Triton) -> None:
    infer(zoo, "pet-classifier")
    (process,) = stubs(triton, "pet-classifier")
    (worker,) = psutil.Process(zoo.process.popen.pid).children()
    worker.kill()
    zoo.process.wait_answering(f"{zoo.url}/health/live")
    wait_until(lambda: _status_or_none(zoo, "pet-classifier") == "ready")
    answer = infer(zoo, "pet-classifier").json()
    assert answer["timing_ms"]["wait"] < 50
    assert stubs(triton, "pet-classifier") == [process]
    # What it had measured before, it still knows.
    assert zoo.model("pet-classifier")["load_s"] is not None


def _status_or_none(zoo: Enrichment, name: str) -> str | None:
    try:
        return str(zoo.model(name)["state"])
    except requests.RequestException:
        return None


def test_a_request_is_answered_or_refused_while_triton_is_killed_and_started_again(
    zoo: Enrichment, triton: Triton
) -> None:
    infer(zoo, "pet-classifier")
    answers: list[requests.Response] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            answers.append(infer(zoo, "pet-classifier", **{"X-Request-Timeout-Ms": "8000"}))
            time.sleep(0.05)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        (server,) = (
            child
            for child in psutil.Process(triton.process.popen.pid).children()
            if child.name() == "tritonserver"
        )
        os.kill(server.pid, signal.SIGKILL)
        triton.process.popen.wait(30)
        wait_until(lambda: bool(answers) and answers[-1].status_code == 503)
        triton.start()
        wait_until(lambda: answers[-1].status_code == 200, timeout_s=30)
    finally:
        stop.set()
        asking.join()
    refused = {answer.json()["code"] for answer in answers if answer.status_code != 200}
    assert refused <= {"triton_unavailable", "model_failed", "zoo_busy"}
    assert max(answer.elapsed.total_seconds() for answer in answers) < 10
    wait_until(lambda: _agree(zoo, triton), what="the zoo and Triton agree")


def _agree(zoo: Enrichment, triton: Triton) -> bool:
    resident = {name for name, state in states(zoo).items() if state == "ready"}
    ready = {name for name, state in index(triton).items() if state == "READY"}
    return resident == ready - {"capture_quality"}


def test_without_triton_it_starts_says_so_and_finds_it_later(
    tmp_path: Path, triton: Triton
) -> None:
    with Enrichment(tmp_path, triton_grpc_port=1) as lost:
        status: dict[str, Any] = lost.get("/v1/models").json()
        assert status["triton"] == "Triton cannot be reached."
        assert infer(lost, "pet-classifier").json()["code"] == "triton_unavailable"


def test_a_wrong_control_token_is_named(tmp_path: Path, triton: Triton) -> None:
    with Enrichment(
        tmp_path,
        triton_grpc_port=triton.grpc_port,
        FRAMEGATE_TRITON_CONTROL_TOKEN="another",
    ) as wrong:
        assert "FRAMEGATE_TRITON_CONTROL_TOKEN" in wrong.get("/v1/models").json()["triton"]


def test_with_a_token_nobody_else_is_let_in(tmp_path: Path, triton: Triton) -> None:
    token = "a-token-of-more-than-16"
    with Enrichment(
        tmp_path, triton_grpc_port=triton.grpc_port, FRAMEGATE_INTERNAL_TOKEN=token
    ) as closed:
        assert closed.get("/v1/models").status_code == 401
        assert infer(closed, "pet-classifier").status_code == 401
        assert closed.post("/v1/models/pet-classifier/load").status_code == 401
        assert closed.get("/v1/models", Authorization=f"Bearer {token}").status_code == 200


def test_a_picture_that_does_not_arrive_is_not_waited_for(tmp_path: Path, triton: Triton) -> None:
    with (
        Enrichment(
            tmp_path, triton_grpc_port=triton.grpc_port, FRAMEGATE_BODY_TIMEOUT_S="0.5"
        ) as zoo,
        socket.create_connection(("127.0.0.1", zoo.port), timeout=20) as caller,
    ):
        caller.sendall(
            b"POST /v1/models/pet-classifier/infer HTTP/1.1\r\nHost: x\r\n"
            b"Content-Length: 1000\r\n\r\n" + PICTURE[:500]
        )
        assert b" 408 " in caller.recv(200)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"FRAMEGATE_VRAM_BUDGET_MB": "none"}, "FRAMEGATE_VRAM_BUDGET_MB"),
        ({"FRAMEGATE_ENRICHMENT_HOST": "0.0.0.0"}, "where anyone could call"),
        ({"FRAMEGATE_ENRICHMENT_TRITON_URL": "http://x:1/y"}, "FRAMEGATE_ENRICHMENT_TRITON_URL"),
    ],
)
def test_wrong_settings_end_the_start_with_a_sentence(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    server = Enrichment(tmp_path, triton_grpc_port=1, **settings)
    with pytest.raises(AssertionError, match="ended with"):
        server.start()
    assert said in server.process.output
    assert "Traceback" not in server.process.output
