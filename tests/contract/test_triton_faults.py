"""Triton down, slow, stalled, full, restarted; a model process dead; a worker killed."""

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.model_repository import SLOW_QUALITY_CONFIG, slow_quality_code, write_python
from tests.pictures import ASTRONAUT
from tests.processes import Gateway, Triton, wait_until

pytestmark = pytest.mark.triton
JPEG = ASTRONAUT.read_bytes()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Triton, Gateway]]:
    """A Triton to break and a gateway that waits half a second for it."""
    triton = Triton(tmp_path / "triton")
    gateway = Gateway(
        tmp_path / "gateway", triton_port=triton.http_port, FRAMEGATE_TRITON_TIMEOUT_MS="500"
    )
    with triton, gateway:
        yield triton, gateway


def heals(gateway: Gateway) -> bool:
    """Both workers, each of which finds out for itself."""
    return all(gateway.post(JPEG).ok and gateway.get("/health/ready").ok for _ in range(4))


def test_triton_down_is_503_and_heals_when_it_is_back(pair: tuple[Triton, Gateway]) -> None:
    triton, gateway = pair
    score = gateway.post(JPEG).json()["score"]
    triton.stop()
    for _ in range(4):  # both workers, with connections that are dead now
        answer = gateway.post(JPEG)
        assert (answer.status_code, answer.json()["code"]) == (503, "triton_unavailable")
        assert answer.headers["Retry-After"] == "2"
    wait_until(lambda: gateway.get("/health/ready").status_code == 503, what="not ready")
    assert gateway.get("/health").json()["code"] == "triton_unavailable"
    assert gateway.get("/health/live").status_code == 200
    triton.start()
    wait_until(lambda: heals(gateway), what="the gateway finds the new Triton")
    assert {gateway.post(JPEG).json()["score"] for _ in range(6)} == {score}


def test_a_stalled_triton_is_504_within_the_deadline_and_heals(
    pair: tuple[Triton, Gateway],
) -> None:
    triton, gateway = pair
    assert gateway.post(JPEG).status_code == 200
    family = [
        process
        for child in psutil.Process(triton.process.popen.pid).children()
        for process in (child, *child.children())
    ]
    for process in family:
        process.suspend()
    try:
        started_s = time.monotonic()
        answer = gateway.post(JPEG)
        assert (answer.status_code, answer.json()["code"]) == (504, "triton_timeout")
        assert answer.headers["Retry-After"] == "1"
        assert time.monotonic() - started_s < 5
    finally:
        for process in family:
            process.resume()
    wait_until(lambda: heals(gateway), what="the gateway goes on")


def test_a_dead_model_process_is_noticed(pair: tuple[Triton, Gateway]) -> None:
    triton, gateway = pair
    (server,) = psutil.Process(triton.process.popen.pid).children()
    for stub in server.children():
        stub.kill()
    answer = gateway.post(JPEG)
    assert (answer.status_code, answer.json()["code"]) == (504, "triton_timeout")
    # 504 while requests hang, 503 once the launcher has ended the server.
    assert gateway.get("/health/ready").status_code in (503, 504)
    # The server would let every request wait; its launcher ends it with a reason.
    assert triton.process.popen.wait(15) == 1
    assert "a model's process died" in triton.process.output
    assert gateway.post(JPEG).json()["code"] == "triton_unavailable"
    triton.start()
    wait_until(lambda: heals(gateway), what="the model is back")


def test_a_killed_worker_is_replaced_and_requests_go_on(pair: tuple[Triton, Gateway]) -> None:
    _, gateway = pair
    master = psutil.Process(gateway.process.popen.pid)
    victim = master.children()[0]
    victim.send_signal(signal.SIGKILL)
    wait_until(
        lambda: len(master.children()) == 2 and victim not in master.children(),
        what="a new worker is there",
    )
    wait_until(lambda: heals(gateway), what="the new worker answers")
    assert all(gateway.post(JPEG).status_code == 200 for _ in range(6))
    counted = gateway.get("/metrics").text
    assert 'framegate_requests_total{method="POST",route="/v1/quality",status="200"}' in counted


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[tuple[Triton, Path]]:
    """A Triton whose quality model takes 0.3 s and lets two requests wait."""
    models = tmp_path / "models"
    write_python(models, "slow", SLOW_QUALITY_CONFIG, slow_quality_code(sleep_s=0.3))
    settings = {
        "FRAMEGATE_TRITON_REPOSITORIES": str(models),
        "FRAMEGATE_QUALITY_MODEL": "slow",
    }
    with Triton(tmp_path / "triton", **settings) as triton:
        yield triton, tmp_path / "gateway"


def test_a_full_queue_is_503_at_once_and_the_rest_is_served(slow: tuple[Triton, Path]) -> None:
    triton, folder = slow
    settings = {
        "FRAMEGATE_QUALITY_MODEL": "slow",
        "FRAMEGATE_TRITON_TIMEOUT_MS": "5000",
        # The gateway holds back what it cannot place: only many connections fill Triton's queue.
        "FRAMEGATE_TRITON_CONNECTIONS": "6",
    }
    with Gateway(folder, triton_port=triton.http_port, **settings) as gateway:
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: gateway.post(JPEG), range(12)))
        served = [answer for answer in answers if answer.status_code == 200]
        refused = [answer for answer in answers if answer.status_code == 503]
        assert len(served) + len(refused) == 12
        assert served
        assert refused
        assert {answer.json()["code"] for answer in refused} == {"triton_overloaded"}
        assert {answer.headers["Retry-After"] for answer in refused} == {"1"}
        # Mean brightness of this picture's centre: the slow model's own score.
        assert {answer.json()["model"]["variant"] for answer in served} == {"slow"}


def test_frames_that_find_no_connection_free_wait_in_the_gateway(slow: tuple[Triton, Path]) -> None:
    triton, folder = slow
    settings = {
        "FRAMEGATE_QUALITY_MODEL": "slow",
        "FRAMEGATE_TRITON_TIMEOUT_MS": "8000",
        # One each of two workers: Triton runs one and lets two wait.
        "FRAMEGATE_TRITON_CONNECTIONS": "1",
    }
    with Gateway(folder, triton_port=triton.http_port, **settings) as gateway:
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: gateway.post(JPEG), range(12)))
        assert [answer.status_code for answer in answers] == [200] * 12


def test_a_slow_model_is_504_at_the_deadline(slow: tuple[Triton, Path]) -> None:
    triton, folder = slow
    settings = {"FRAMEGATE_QUALITY_MODEL": "slow", "FRAMEGATE_TRITON_TIMEOUT_MS": "100"}
    with Gateway(folder, triton_port=triton.http_port, **settings) as gateway:
        started_s = time.monotonic()
        answer = gateway.post(JPEG)
        assert (answer.status_code, answer.json()["code"]) == (504, "triton_timeout")
        assert time.monotonic() - started_s < 2


def test_more_pictures_than_the_gateway_may_hold_are_refused_before_decoding(
    slow: tuple[Triton, Path],
) -> None:
    triton, folder = slow
    settings = {
        "FRAMEGATE_QUALITY_MODEL": "slow",
        "FRAMEGATE_TRITON_TIMEOUT_MS": "5000",
        "FRAMEGATE_MAX_IN_FLIGHT": "1",
        "FRAMEGATE_WORKERS": "1",
    }
    with Gateway(folder, triton_port=triton.http_port, **settings) as gateway:
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: gateway.post(JPEG), range(6)))
        codes = [answer.json().get("code") for answer in answers if answer.status_code == 503]
        assert set(codes) == {"overloaded"}
        assert len(codes) >= 4
        wait_until(lambda: gateway.post(JPEG).status_code == 200, what="a slot is free again")
        decoded = 'framegate_stage_duration_seconds_count{stage="decode"}'
        counted = [
            line for line in gateway.get("/metrics").text.splitlines() if line.startswith(decoded)
        ]
        assert float(counted[0].split()[-1]) <= 6 - len(codes) + 20
