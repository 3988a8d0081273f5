"""The gateway under gunicorn before a zoo that is there, late, killed, and not there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.pictures import ASTRONAUT, astronaut, encode
from tests.processes import Gateway, Session, Triton
from tests.unit.backend.gateway.zoo_server import ZooServer, problem, said, zoo_server

pytestmark = pytest.mark.triton
PNG = encode(astronaut((64, 64)), "PNG")
TOKEN = "token-of-our-own-processes"


@pytest.fixture
def zoo() -> Iterator[ZooServer]:
    with zoo_server() as server:
        yield server


@pytest.fixture
def beside(zoo: ZooServer, triton: Triton, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway of one worker before that zoo, with a token for it."""
    settings = {
        "FRAMEGATE_ENRICHMENT_PORT": str(zoo.address[1]),
        "FRAMEGATE_INTERNAL_TOKEN": TOKEN,
        "FRAMEGATE_WORKERS": "1",
    }
    with Gateway(tmp_path / "gateway", triton_port=triton.http_port, **settings) as gateway:
        yield gateway


def enrich(gateway: Gateway, **headers: str) -> requests.Response:
    with Session() as session:
        return session.post(
            f"{gateway.url}/v1/enrich?models=a,b&prompt=caf%C3%A9",
            data=PNG,
            headers={"Content-Type": "image/png"} | headers,
            timeout=30,
        )


def test_pictures_go_through_one_connection_with_the_token_and_the_id(
    zoo: ZooServer, beside: Gateway
) -> None:
    zoo.answer = lambda: said({"models": {}})
    for number in range(5):
        answer = enrich(beside, **{"X-Request-Id": f"camera-{number}"})
        assert (answer.status_code, answer.json()) == (200, {"models": {}})
        assert answer.headers["X-Request-Id"] == f"camera-{number}"
    assert zoo.connections == 1
    assert [asked.headers["x-request-id"] for asked in zoo.asked] == [
        f"camera-{number}" for number in range(5)
    ]
    for asked in zoo.asked:
        assert asked.path == "/v1/enrich?models=a,b&prompt=caf%C3%A9"
        assert (asked.body, asked.headers["authorization"]) == (PNG, f"Bearer {TOKEN}")


def test_a_refusal_is_passed_on_and_counted(zoo: ZooServer, beside: Gateway) -> None:
    zoo.answer = lambda: problem(503, "zoo_busy", **{"Retry-After": "7"})
    answer = enrich(beside)
    assert (answer.status_code, answer.json()["code"]) == (503, "zoo_busy")
    assert answer.headers["Retry-After"] == "7"
    assert 'framegate_rejected_requests_total{reason="zoo_busy"} 1.0' in beside.get("/metrics").text


def test_a_zoo_that_dies_in_an_answer_or_is_late_is_503_and_the_rest_goes_on(
    zoo: ZooServer, beside: Gateway
) -> None:
    zoo.answer = lambda: b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
    assert enrich(beside).json()["code"] == "enrichment_unavailable"
    zoo.go.clear()
    late = enrich(beside, **{"X-Request-Timeout-Ms": "100"})
    assert (late.status_code, late.json()["code"]) == (503, "enrichment_unavailable")
    assert beside.post(ASTRONAUT.read_bytes()).status_code == 200
    zoo.answer = lambda: said({"models": {}})
    zoo.go.set()
    assert enrich(beside).status_code == 200
    assert "Traceback" not in beside.process.output


def test_without_a_zoo_its_routes_alone_are_503(gateway: Gateway) -> None:
    for answer in (enrich(gateway), gateway.get("/v1/models"), gateway.get("/v1/models/a/plan")):
        assert (answer.status_code, answer.json()["code"]) == (503, "enrichment_unavailable")
        assert answer.headers["Retry-After"] == "2"
    assert gateway.get("/health/ready").status_code == 200
    assert gateway.post(ASTRONAUT.read_bytes()).status_code == 200
