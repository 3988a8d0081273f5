"""/metrics of the gateway: exact under several workers, and after a worker's death."""

import platform
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from backend import __version__
from tests.pictures import ASTRONAUT
from tests.processes import Gateway, Triton, wait_until

pytestmark = pytest.mark.triton
JPEG = ASTRONAUT.read_bytes()


@pytest.fixture
def own_gateway(triton: Triton, tmp_path: Path) -> Iterator[Gateway]:
    with Gateway(tmp_path, triton_port=triton.http_port) as server:
        yield server


def value(gateway: Gateway, series: str) -> float:
    for line in gateway.get("/metrics").text.splitlines():
        if line.startswith(f"{series} "):
            return float(line.split()[-1])
    return 0.0


def scored(gateway: Gateway) -> float:
    return value(
        gateway, 'framegate_requests_total{method="POST",route="/v1/quality",status="200"}'
    )


def test_every_request_is_counted_once_whichever_worker_answers(own_gateway: Gateway) -> None:
    for _ in range(20):
        assert own_gateway.post(JPEG).status_code == 200
    for _ in range(3):
        assert own_gateway.post(b"", "image/jpeg").status_code == 400
    for _ in range(4):  # whichever worker is asked
        assert scored(own_gateway) == 20
        assert value(own_gateway, 'framegate_problems_total{code="malformed_request"}') == 3
        for stage in ("decode", "preprocess", "triton"):
            series = f'framegate_stage_duration_seconds_count{{stage="{stage}"}}'
            assert value(own_gateway, series) == 20
        # This very request is the only one being answered.
        assert value(own_gateway, "framegate_in_flight_requests") == 1


def test_a_dead_worker_s_counts_stay_and_its_requests_in_flight_do_not(
    own_gateway: Gateway,
) -> None:
    for _ in range(10):
        own_gateway.post(JPEG)
    master = psutil.Process(own_gateway.process.popen.pid)
    victims = master.children()
    for victim in victims:
        victim.send_signal(signal.SIGKILL)
    wait_until(
        lambda: len(master.children()) == 2 and not set(victims) & set(master.children()),
        what="two new workers are there",
    )
    wait_until(lambda: own_gateway.post(JPEG).ok, what="they answer")
    assert scored(own_gateway) >= 11
    assert value(own_gateway, "framegate_in_flight_requests") == 1


def test_the_model_is_shown_by_the_workers_that_saw_it_and_live(own_gateway: Gateway) -> None:
    shown = 'framegate_model_info{model="capture_quality",variant="measures-v1",version="1"}'
    build = f'framegate_build_info{{python="{platform.python_version()}",version="{__version__}"}}'
    for _ in range(10):
        own_gateway.post(JPEG)
    assert value(own_gateway, shown) == value(own_gateway, build) == 1
    master = psutil.Process(own_gateway.process.popen.pid)
    victims = set(master.children())
    for victim in victims:
        victim.kill()
    wait_until(lambda: len(set(master.children()) - victims) == 2, what="two new workers are there")
    wait_until(lambda: value(own_gateway, build) == 1, what="one of them answers")
    wait_until(lambda: value(own_gateway, shown) == 0, what="nobody has seen a model")
    own_gateway.post(JPEG)
    assert value(own_gateway, shown) == 1


def test_a_caller_cannot_make_up_label_values(own_gateway: Gateway) -> None:
    own_gateway.get("/made-up-path")
    text = own_gateway.get("/metrics").text
    assert "made-up-path" not in text
    assert re.search(r'framegate_requests_total\{method="-",route="unknown",status="404"\} 1', text)
