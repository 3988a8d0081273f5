"""One inference a second for however many ask, and what the probes answer."""

import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from backend.errors import TritonError, TritonOverloaded, TritonTimeout, TritonUnavailable
from backend.gateway import health
from backend.gateway.health import Canary
from backend.web import metrics, problems, request_ids

Get = Callable[[str], tuple[int, dict[str, object]]]


class Model:
    """Counts inferences; fails where it is told to."""

    def __init__(self) -> None:
        self.inferences = 0
        self.failure: Exception | None = None

    def infer(self) -> None:
        self.inferences += 1
        if self.failure is not None:
            raise self.failure


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def canary(model: Model, clock: Clock) -> Canary:
    return Canary(model.infer, clock=clock)


def test_an_answer_is_remembered_for_one_second(canary: Canary, model: Model, clock: Clock) -> None:
    counts = []
    for now_s in (100, 100.5, 100.999, 101, 101.999, 102, 200):
        clock.now_s = now_s
        canary.check()
        counts.append(model.inferences)
    assert counts == [1, 1, 1, 2, 2, 3, 4]


def test_a_failure_is_remembered_for_a_fifth_of_that(
    canary: Canary, model: Model, clock: Clock
) -> None:
    model.failure = TritonTimeout("Triton did not answer in time.")
    for now_s in (100, 100.1, 100.19):
        clock.now_s = now_s
        with pytest.raises(TritonTimeout, match=r"^Triton did not answer in time\.$"):
            canary.check()
    assert model.inferences == 1
    model.failure = TritonUnavailable("gone")
    clock.now_s = 100.21
    with pytest.raises(TritonUnavailable, match=r"^gone$"):
        canary.check()
    model.failure = None
    clock.now_s = 100.4
    with pytest.raises(TritonUnavailable):
        canary.check()
    assert model.inferences == 2


def test_a_model_that_heals_is_remembered_as_well_for_the_whole_second(
    canary: Canary, model: Model, clock: Clock
) -> None:
    model.failure = TritonTimeout("late")
    with pytest.raises(TritonTimeout):
        canary.check()
    model.failure = None
    clock.now_s = 100.25
    canary.check()
    model.failure = TritonUnavailable("gone")
    clock.now_s = 101.2
    canary.check()
    assert model.inferences == 2
    clock.now_s = 101.25
    with pytest.raises(TritonUnavailable):
        canary.check()
    assert model.inferences == 3


def test_the_second_begins_when_the_inference_ends(clock: Clock) -> None:
    inferences = []

    def slow() -> None:
        inferences.append(clock.now_s)
        clock.now_s += 5

    canary = Canary(slow, clock=clock)
    canary.check()
    clock.now_s += 0.9
    canary.check()
    assert inferences == [100.0]


def test_every_caller_gets_an_error_of_its_own(canary: Canary, model: Model) -> None:
    model.failure = TritonOverloaded("full")
    caught = []
    for _ in range(3):
        with pytest.raises(TritonOverloaded, match=r"^full$") as failed:
            canary.check()
        caught.append(failed.value)
    assert len({id(error) for error in (*caught, model.failure)}) == 4
    depths = [len(traceback.extract_tb(error.__traceback__)) for error in caught]
    assert len(set(depths)) == 1  # a traceback that grows would be a leak


def test_an_error_that_is_not_tritons_is_not_remembered(canary: Canary, model: Model) -> None:
    model.failure = ValueError("a fault of ours")
    for _ in range(2):
        with pytest.raises(ValueError, match=r"^a fault of ours$"):
            canary.check()
    assert model.inferences == 2
    model.failure = None
    canary.check()
    assert model.inferences == 3


@pytest.mark.parametrize("fails", [False, True])
def test_many_who_ask_at_once_share_one_inference(fails: bool) -> None:
    callers = 8
    inferences = []
    all_asking = threading.Barrier(callers + 1, timeout=10)
    inferring, answer = threading.Event(), threading.Event()

    def infer() -> None:
        inferences.append(1)
        inferring.set()
        assert answer.wait(10)
        if fails:
            raise TritonTimeout("late")

    canary = Canary(infer, clock=Clock())

    def ask() -> TritonError | None:
        all_asking.wait()
        try:
            canary.check()
        except TritonError as error:
            return error
        return None

    with ThreadPoolExecutor(callers) as pool:
        asked = [pool.submit(ask) for _ in range(callers)]
        all_asking.wait()
        assert inferring.wait(10)
        answer.set()
        told = [future.result(10) for future in asked]
    assert len(inferences) == 1
    if fails:
        assert [str(error) for error in told] == ["late"] * callers
        assert len({id(error) for error in told}) == callers
    else:
        assert told == [None] * callers


@pytest.fixture
def stopping() -> list[str]:
    """Empty until the gateway is told to stop."""
    return []


@pytest.fixture
def get(canary: Canary, stopping: list[str]) -> Get:
    app = Flask("test")
    for part in (request_ids, metrics, problems):
        part.register(app)
    app.register_blueprint(health.blueprint(canary, model="m", draining=lambda: bool(stopping)))
    client = app.test_client()

    def answer(path: str) -> tuple[int, dict[str, object]]:
        response = client.get(path)
        return response.status_code, response.get_json(force=True)

    return answer


def test_the_probes_answer_by_the_canary(get: Get, model: Model, clock: Clock) -> None:
    assert get("/health") == (200, {"status": "healthy", "model": "m", "triton": "ready"})
    assert get("/health/ready") == (200, {"status": "ready"})
    assert get("/health/live") == (200, {"status": "alive"})
    assert model.inferences == 1
    model.failure = TritonTimeout("late")
    clock.now_s += 1
    for path in ("/health", "/health/ready"):
        status, problem = get(path)
        assert (status, problem["code"], problem["detail"]) == (504, "triton_timeout", "late")
    assert get("/health/live") == (200, {"status": "alive"})
    assert model.inferences == 2


def test_a_gateway_that_is_about_to_stop_is_healthy_and_not_ready(
    get: Get, model: Model, stopping: list[str]
) -> None:
    stopping.append("SIGTERM")
    status, problem = get("/health/ready")
    assert (status, problem["code"]) == (503, "draining")
    assert model.inferences == 0
    assert get("/health/live")[0] == 200
    assert get("/health")[0] == 200
