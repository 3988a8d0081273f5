"""One lane to one server: what becomes of each frame, and when the lane leaves and comes back."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import gevent
import pytest

from backend.errors import (
    TritonError,
    TritonFailed,
    TritonOverloaded,
    TritonTimeout,
    TritonUnavailable,
)
from backend.triton import lane as lane_module
from backend.triton.lane import MOST_FRAMES
from tests.processes import free_port
from tests.unit.backend.triton.running_lane import Running, error_of, error_of_late, number_of
from tests.unit.backend.v2_server import (
    CONFIG,
    TOKEN,
    Answer,
    Reply,
    V2Server,
    as_json,
    refusal,
    rows,
    until,
    v2_server,
)


@pytest.fixture
def server() -> Iterator[V2Server]:
    with v2_server() as server:
        yield server


@pytest.fixture(params=[None, TOKEN], ids=["sent", "shared"])
def running(server: V2Server, request: pytest.FixtureRequest) -> Iterator[Running]:
    running = Running(server.address, request.param)
    yield running
    running.greenlet.kill()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_module, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(lane_module, "LONGEST_PAUSE_S", 0.02)


def test_frames_that_wait_travel_together_and_each_gets_its_own_row(
    server: V2Server, running: Running
) -> None:
    frames = running.put(*range(10))
    assert [number_of(frame) for frame in frames] == list(range(10))
    assert server.batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert server.connections == 1


def test_a_request_says_how_long_its_last_frame_may_wait(
    server: V2Server, running: Running
) -> None:
    frames = running.put(1, within_s=3) + running.put(2, within_s=7)
    assert [number_of(frame) for frame in frames] == [1, 2]
    (asked,) = (asked for asked in server.asked if asked.path == "/v2/models/m/infer")
    assert 3_000_000 < asked.document["parameters"]["timeout"] <= 7_000_000
    (tensor,) = asked.document["inputs"]
    assert (tensor["name"], tensor["datatype"], tensor["shape"]) == ("image", "UINT8", [2, 8])
    assert [output["name"] for output in asked.document["outputs"]] == ["score", "measures"]


def test_a_batch_belongs_to_the_trace_of_the_first_frame_that_has_one(
    server: V2Server, running: Running
) -> None:
    frames = running.put(1, 2, 3)
    frames[1].traceparent, frames[2].traceparent = "of the second", "of the third"
    assert [number_of(frame) for frame in frames] == [1, 2, 3]
    assert number_of(*running.put(4)) == 4
    traced, untraced = (one for one in server.asked if one.path == "/v2/models/m/infer")
    assert traced.headers["traceparent"] == "of the second"
    assert "traceparent" not in untraced.headers


def test_a_batch_has_an_end_whatever_the_model_takes(server: V2Server, running: Running) -> None:
    server.config = lambda: as_json(CONFIG | {"max_batch_size": 1000})
    frames = running.put(*range(MOST_FRAMES + 3))
    assert [number_of(frame) for frame in frames] == list(range(MOST_FRAMES + 3))
    assert [len(batch) for batch in server.batches] == [MOST_FRAMES, 3]


# What Triton refuses


def without(bad: int) -> Callable[[list[int]], Answer]:
    """A model that fails on one number."""
    return lambda numbers: refusal(500, "13") if bad in numbers else rows(numbers)


@pytest.mark.parametrize("moved", [False, True])
def test_of_a_batch_that_fails_only_the_bad_frame_does(
    server: V2Server, running: Running, moved: bool
) -> None:
    server.infer = without(13)
    frames = running.put(1, 13, 2, 3)
    for frame in frames:
        frame.moved = moved
    first, bad, *others = frames
    assert [number_of(frame) for frame in (first, *others)] == [1, 2, 3]
    assert error_of(bad) == (TritonFailed, "The model failed. It says: 13")
    assert server.batches == [[1, 13, 2, 3], [1], [13], [2], [3]]


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (503, "Exceeds maximum queue size", TritonOverloaded),
        (503, "Request timeout expired", TritonTimeout),
    ],
)
def test_a_server_that_is_well_keeps_its_lane_when_it_refuses_a_batch(
    server: V2Server, running: Running, status: int, words: str, kind: type[TritonError]
) -> None:
    server.infer = lambda numbers: refusal(status, words)
    assert [error_of(frame)[0] for frame in running.put(1, 2)] == [kind, kind]
    server.infer = rows
    assert [number_of(frame) for frame in running.put(3)] == [3]
    assert (server.batches, server.connections) == ([[1, 2], [3]], 1)
    assert running.losses == []


def test_a_frame_that_two_servers_refuse_fails_and_one_may_be_tried_again(
    server: V2Server, running: Running
) -> None:
    server.infer = lambda numbers: refusal(400, "Model 'm' is not at ready state")
    fresh, moved = running.put(1, 2)
    moved.moved = True
    assert error_of(moved) == (TritonUnavailable, "The model is not ready.")
    assert fresh.moved
    assert error_of(fresh) == (TritonUnavailable, "The model is not ready.")
    assert server.batches == [[1, 2], [1]]
    until(lambda: len(running.losses) == 2, "the server went down after each")
    assert {str(loss) for loss in running.losses} == {"The model is not ready."}


@pytest.mark.parametrize(
    ("garbage", "kind"),
    [
        (b"garbage\r\n\r\n", TritonUnavailable),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nshort", TritonUnavailable),
        (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", TritonUnavailable),
        (None, TritonUnavailable),
        (Reply(200, b"<html>hello</html>"), TritonFailed),
        (Reply(200, b"["  * 100_000), TritonFailed),
        (Reply(418, b"\xff"), TritonFailed),
        (rows([1, 2]), TritonFailed),
        (rows([]), TritonFailed),
        (as_json({"outputs": []}), TritonFailed),
        (as_json({"outputs": [{"name": name, "datatype": "FP32", "shape": [], "data": [1]}
                              for name in ("score", "measures")]}), TritonFailed),
    ],
)  # fmt: skip
def test_a_lane_survives_an_answer_that_is_none(
    server: V2Server, running: Running, garbage: Answer, kind: type[TritonError]
) -> None:
    server.infer = lambda numbers: garbage
    (lost,) = running.put(7)
    assert error_of(lost)[0] is kind
    server.infer = rows
    assert [number_of(frame) for frame in running.put(8, 9)] == [8, 9]


# Where the server is not there, not ready, or another


@pytest.mark.parametrize(
    "config",
    [
        refusal(400, "Request for unknown model: 'm' is not found"),
        Reply(200, b"<html>"),
        as_json([]),
        as_json({"input": None}),
        as_json(CONFIG | {"max_batch_size": float("inf")}),
        b"SSH-2.0\r\n\r\n",
        None,
    ],
)
def test_a_lane_that_cannot_join_tries_again_until_it_can(server: V2Server, config: Answer) -> None:
    server.config = lambda: config
    running = Running(server.address, TOKEN)
    try:
        until(lambda: len(running.losses) >= 3, "three attempts")
        assert running.server.down_because is not None
        server.config = lambda: as_json(CONFIG)
        until(lambda: running.server.down_because is None, "the lane has joined")
        assert [number_of(frame) for frame in running.put(5)] == [5]
    finally:
        running.greenlet.kill()


def test_attempts_get_rarer(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses_s: list[float] = []

    def sleep(pause_s: float) -> None:
        pauses_s.append(pause_s)
        if len(pauses_s) == 6:
            raise gevent.GreenletExit

    monkeypatch.setattr(lane_module, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(lane_module, "LONGEST_PAUSE_S", 0.5)
    monkeypatch.setattr(lane_module, "gevent", SimpleNamespace(sleep=sleep))
    running = Running(("127.0.0.1", free_port()))
    running.greenlet.join(10)
    assert pauses_s == [0.05, 0.1, 0.2, 0.4, 0.5, 0.5]
    assert [(type(loss), str(loss)) for loss in running.losses] == 6 * [
        (TritonUnavailable, "Triton cannot be reached.")
    ]


def test_a_server_that_closes_idle_connections_costs_no_frame(
    server: V2Server, running: Running
) -> None:
    for number in range(4):
        assert [number_of(frame) for frame in running.put(number)] == [number]
        server.hang_up()
        until(lambda: not server.open, "the connection is closed")
    assert server.connections == 4
    assert running.losses == []


def test_a_lane_whose_server_others_have_lost_puts_its_batch_back_and_joins_anew(
    server: V2Server, running: Running
) -> None:
    assert [number_of(frame) for frame in running.put(1)] == [1]
    running.server.down_because = TritonUnavailable("The model is not ready.")
    assert [number_of(frame) for frame in running.put(2, 3)] == [2, 3]
    assert (server.batches, server.connections) == ([[1], [2, 3]], 2)
    assert running.server.down_because is None


# Deadlines


def test_the_answer_to_a_frame_whose_deadline_has_passed_is_nobodys(
    server: V2Server, running: Running
) -> None:
    assert [number_of(frame) for frame in running.put(0)] == [0]
    server.go.clear()
    (late,) = running.put(1, within_s=0.1)
    assert not late.wait()
    following = running.put(2, 3)
    until(lambda: server.batches == [[0], [1]], "the late one is with the model")
    server.go.set()
    assert [number_of(frame) for frame in following] == [2, 3]
    assert (server.batches, server.connections) == ([[0], [1], [2, 3]], 1)


def test_a_lane_leaves_a_server_that_stalls_and_comes_back(
    server: V2Server, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_module, "STALL_S", 0.1)
    server.go.clear()
    (late,) = running.put(1, within_s=0.05)
    assert not late.wait()
    assert error_of_late(late) == (TritonTimeout, "Triton did not answer in time.")
    until(lambda: server.connections == 2, "the lane came back")
    server.go.set()
    assert [number_of(frame) for frame in running.put(2)] == [2]
