"""Remembered answers through the real gateway: in its workers, and in a Redis they share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import requests

from tests.pictures import ASTRONAUT
from tests.processes import Gateway, Redis, Triton, wait_until

pytestmark = pytest.mark.triton
JPEG = ASTRONAUT.read_bytes()


@pytest.fixture
def start(triton: Triton, tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    started: list[Gateway] = []

    def start(**settings: str) -> Gateway:
        folder = tmp_path / f"gateway-{len(started)}"
        gateway = Gateway(folder, triton_port=triton.http_port, **settings)
        started.append(gateway)
        gateway.start()
        return gateway

    yield start
    for gateway in started:
        gateway.stop()


def value(gateway: Gateway, series: str) -> float:
    for line in gateway.get("/metrics").text.splitlines():
        if line.startswith(f"{series} "):
            return float(line.split()[-1])
    return 0.0


def answer(response: requests.Response) -> tuple[object, ...]:
    document = response.json()
    return document["score"], document["measures"], document["model"]


def test_a_remembered_answer_is_the_same_and_takes_no_stages(
    start: Callable[..., Gateway],
) -> None:
    gateway = start(FRAMEGATE_CACHE_TTL_S="60", FRAMEGATE_WORKERS="1")
    first, second = gateway.post(JPEG), gateway.post(JPEG)
    assert (first.json()["cached"], second.json()["cached"]) == (False, True)
    assert answer(first) == answer(second)
    assert set(second.json()["timing_ms"]) == {"total"}
    assert second.headers["Server-Timing"].startswith("total;dur=")
    assert first.json()["request_id"] != second.json()["request_id"]
    for stage in ("decode", "preprocess", "triton"):
        assert value(gateway, f'framegate_stage_duration_seconds_count{{stage="{stage}"}}') == 1
    assert value(gateway, "framegate_cache_hits_total") == 1
    assert value(gateway, "framegate_cache_misses_total") == 1


def test_nothing_is_remembered_unless_asked_for(gateway: Gateway) -> None:
    assert [gateway.post(JPEG).json()["cached"] for _ in range(4)] == [False] * 4


def test_a_picture_that_was_refused_is_refused_again(start: Callable[..., Gateway]) -> None:
    gateway = start(FRAMEGATE_CACHE_TTL_S="60", FRAMEGATE_WORKERS="1")
    gateway.post(JPEG)
    broken = JPEG[: len(JPEG) // 2]
    assert [gateway.post(broken).status_code for _ in range(2)] == [422, 422]
    assert gateway.post(JPEG, "image/png").status_code == 415


def test_gateways_with_one_redis_remember_together(
    start: Callable[..., Gateway], redis: Redis
) -> None:
    settings = {"FRAMEGATE_CACHE_TTL_S": "60", "FRAMEGATE_REDIS_URL": redis.url}
    one, other = (start(FRAMEGATE_WORKERS="1", **settings) for _ in range(2))
    for gateway in (one, other):  # by the probe each has seen the model
        assert gateway.get("/health/ready").status_code == 200
    first, second = one.post(JPEG), other.post(JPEG)
    assert (first.json()["cached"], second.json()["cached"]) == (False, True)
    assert answer(first) == answer(second)


def test_the_workers_of_a_gateway_remember_together(
    start: Callable[..., Gateway], redis: Redis
) -> None:
    settings = {"FRAMEGATE_CACHE_TTL_S": "60", "FRAMEGATE_REDIS_URL": redis.url}
    gateway = start(**settings)
    master = psutil.Process(gateway.process.popen.pid)
    assert len(master.children()) == 2
    asked = [gateway.post(JPEG).json()["cached"] for _ in range(20)]
    # A worker looks nothing up before it has seen the model, which is in its own first answer.
    assert 1 <= asked.count(False) <= 2


def test_without_its_redis_a_gateway_scores_and_with_it_remembers_again(
    start: Callable[..., Gateway], redis: Redis
) -> None:
    gateway = start(
        FRAMEGATE_CACHE_TTL_S="60", FRAMEGATE_REDIS_URL=redis.url, FRAMEGATE_WORKERS="1"
    )
    before = gateway.post(JPEG)
    assert gateway.post(JPEG).json()["cached"]
    redis.stop()
    for _ in range(5):
        without = gateway.post(JPEG)
        assert not without.json()["cached"]
        assert answer(without) == answer(before)
    assert 0 < value(gateway, "framegate_cache_errors_total") <= 2
    redis.start()
    wait_until(lambda: gateway.post(JPEG).json()["cached"] is True, what="it remembers again")
    assert gateway.process.output.count("cache: Redis failed") == 1
