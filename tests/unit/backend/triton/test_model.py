"""One model on one or several servers: who serves whom, and what happens when some do not."""

import time
from collections.abc import Iterator, Sequence

import gevent
import pytest

from backend.errors import TritonError, TritonTimeout, TritonUnavailable
from backend.triton import lane as lane_module
from backend.triton.model import ModelClient
from tests.processes import free_port
from tests.unit.backend.triton.clients import client_of
from tests.unit.backend.v2_server import (
    CONFIG,
    TOKEN,
    V2Server,
    as_json,
    pixels,
    refusal,
    rows,
    until,
    v2_server,
)

NOT_READY = refusal(400, "Request for unknown model: 'm' version 1 is not at ready state")


def infer(client: ModelClient, number: int, within_s: float = 10) -> int:
    """The number that the answer to a frame tells."""
    inference = client.infer(pixels(number), deadline_s=time.monotonic() + within_s)
    (score,), measures = inference.outputs["score"], inference.outputs["measures"].tolist()
    assert measures == [2 * score, 3 * score]
    return int(score)


def attempt(client: ModelClient, number: int, within_s: float = 10) -> int | TritonError:
    try:
        return infer(client, number, within_s)
    except TritonError as error:
        return error


def at_once(client: ModelClient, numbers: Sequence[int], within_s: float = 10) -> list[object]:
    """What comes of frames that are asked for by as many greenlets, in order."""
    asking = [gevent.spawn(attempt, client, number, within_s) for number in numbers]
    gevent.joinall(asking, timeout=30)
    return [greenlet.value for greenlet in asking]


def join_all(client: ModelClient, lanes: int) -> None:
    """Wait until every lane waits for frames."""
    infer(client, 0)
    until(lambda: len(client._queue._idle) == lanes, "all lanes have joined")


def said(outcomes: Sequence[object]) -> set[tuple[type[object], str]]:
    return {(type(outcome), str(outcome)) for outcome in outcomes}


def served(*servers: V2Server) -> list[int]:
    """The numbers that the servers were given, sorted."""
    return sorted(number for server in servers for batch in server.batches for number in batch)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_module, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(lane_module, "LONGEST_PAUSE_S", 0.02)


@pytest.fixture
def server() -> Iterator[V2Server]:
    with v2_server() as server:
        yield server


@pytest.fixture
def other() -> Iterator[V2Server]:
    with v2_server() as server:
        yield server


@pytest.mark.parametrize("token", [None, TOKEN], ids=["sent", "shared"])
@pytest.mark.parametrize("connections", [1, 3])
def test_of_many_frames_at_once_each_gets_its_own_answer(
    server: V2Server, other: V2Server, connections: int, token: str | None
) -> None:
    numbers = [7 * number % 401 for number in range(401)]
    with client_of(server.address, other.address, connections=connections, token=token) as client:
        for _ in range(2):
            assert at_once(client, numbers) == numbers
    assert served(server, other) == sorted(2 * numbers)
    assert max(len(batch) for batch in server.batches + other.batches) == 4
    assert server.connections == other.connections == connections


def test_two_servers_take_turns(server: V2Server, other: V2Server) -> None:
    with client_of(server.address, other.address) as client:
        join_all(client, 2)
        server.batches.clear()
        other.batches.clear()
        assert [infer(client, number) for number in range(10)] == list(range(10))
    assert sorted([len(server.batches), len(other.batches)]) == [5, 5]


def test_nobody_connects_before_the_first_frame_and_nobody_stays_after_the_end(
    server: V2Server,
) -> None:
    client = ModelClient(
        [server.address], "m", input_name="image", outputs=("score",), connections=3
    )
    assert client.name == "m"
    gevent.sleep(0)
    assert server.connections == 0
    client.infer(pixels(1), deadline_s=time.monotonic() + 10)
    until(lambda: len(server.open) == 3, "all lanes have joined")
    client.close()
    until(lambda: not server.open, "all connections are closed")


# Servers that are not there


@pytest.mark.parametrize("servers", [1, 2])
def test_where_all_refuse_triton_is_unavailable_at_once(servers: int) -> None:
    with client_of(*(("127.0.0.1", free_port()) for _ in range(servers))) as client:
        for _ in range(3):
            with gevent.Timeout(20):  # the deadline is far off
                outcomes = at_once(client, range(5), within_s=60)
            assert said(outcomes) == {(TritonUnavailable, "Triton cannot be reached.")}
            assert len({id(error) for error in outcomes}) == 5


def test_it_heals_when_the_server_appears() -> None:
    port = free_port()
    with client_of(("127.0.0.1", port)) as client:
        assert said([attempt(client, 1)]) == {(TritonUnavailable, "Triton cannot be reached.")}
        with v2_server(port=port) as server:
            until(lambda: attempt(client, 2) == 2, "it has healed")
            assert served(server) == [2]


@pytest.mark.parametrize("down_first", [False, True])
def test_past_a_server_that_is_down_the_other_one_serves(
    server: V2Server, down_first: bool
) -> None:
    addresses = [server.address, ("127.0.0.1", free_port())]
    with client_of(*(reversed(addresses) if down_first else addresses)) as client:
        for _ in range(4):
            assert at_once(client, range(9)) == list(range(9))


def test_when_all_go_down_what_waits_fails_and_what_is_with_them_too(
    server: V2Server, other: V2Server
) -> None:
    server.go.clear()
    other.go.clear()
    with client_of(server.address, other.address) as client:
        asking = gevent.spawn(at_once, client, range(20), 60)
        until(lambda: server.batches and other.batches, "both are at work, and others wait")
        server.vanish()
        until(lambda: client._servers[0].down_because is not None, "one is found to be down")
        assert len(client._queue) > 0
        other.vanish()
        outcomes = asking.get(timeout=20)
        assert said(outcomes) == {(TritonUnavailable, "Triton cannot be reached.")}
        assert len(client._queue) == 0
    assert len(served(server, other)) < 20


def test_servers_that_close_idle_connections_cost_no_frame(
    server: V2Server, other: V2Server
) -> None:
    with client_of(server.address, other.address, connections=2) as client:
        for _ in range(5):
            assert at_once(client, range(10)) == list(range(10))
            join_all(client, 4)
            for each in (server, other):
                each.hang_up()
            until(lambda: not server.open and not other.open, "the connections are closed")


# Servers whose model is not ready


def test_frames_that_one_server_is_not_ready_for_move_to_the_other(
    server: V2Server, other: V2Server
) -> None:
    with client_of(server.address, other.address) as client:
        join_all(client, 2)
        server.infer = lambda numbers: NOT_READY
        server.config = lambda: NOT_READY
        for first in (0, 20, 40):
            numbers = list(range(first, first + 20))
            assert at_once(client, numbers) == numbers
            assert set(numbers) <= set(served(other))
    assert len(server.batches[-1]) > 1  # it was given some, and never again
    assert max(served(server)) < 20


def test_a_frame_moves_once(server: V2Server, other: V2Server) -> None:
    server.infer = other.infer = lambda numbers: NOT_READY
    with client_of(server.address, other.address) as client:
        outcomes = at_once(client, range(8), within_s=60)
        assert said(outcomes) == {(TritonUnavailable, "The model is not ready.")}
    for number in range(8):
        assert served(server, other).count(number) <= 2


def test_with_one_server_what_it_is_not_ready_for_fails_at_once_with_the_reason(
    server: V2Server,
) -> None:
    server.config = lambda: as_json(CONFIG | {"max_batch_size": 1})
    server.infer = lambda numbers: NOT_READY
    with client_of(server.address) as client:
        for _ in range(3):
            with gevent.Timeout(20):
                outcomes = at_once(client, range(3), within_s=60)
            assert said(outcomes) == {(TritonUnavailable, "The model is not ready.")}
        server.infer = rows
        until(lambda: attempt(client, 5) == 5, "it has healed")


# Servers that stall


def test_a_server_that_stalls_is_a_timeout_at_the_deadline_and_nothing_piles_up(
    server: V2Server,
) -> None:
    server.go.clear()
    with client_of(server.address) as client:
        for _ in range(3):
            before_s = time.monotonic()
            outcomes = at_once(client, range(10), within_s=0.1)
            assert said(outcomes) == {(TritonTimeout, "Triton did not answer in time.")}
            assert time.monotonic() >= before_s + 0.1
            assert len(client._queue) == 0
        assert len(server.batches) == 1  # it is not given more while it stalls
        server.go.set()
        assert at_once(client, range(20, 30)) == list(range(20, 30))
    assert server.connections == 1
    assert [number for number in served(server) if number >= 20] == list(range(20, 30))


def test_while_one_server_stalls_the_other_serves(server: V2Server, other: V2Server) -> None:
    with client_of(server.address, other.address) as client:
        join_all(client, 2)
        server.go.clear()
        outcomes = [attempt(client, number, within_s=1) for number in range(20)]
        # What it had when it stalled is lost, and no more.
        assert [type(lost) for lost in outcomes if isinstance(lost, TritonError)] == [TritonTimeout]
        assert [number for number in outcomes if not isinstance(number, TritonError)] == [
            number for number, outcome in enumerate(outcomes) if outcome == number
        ]
        assert at_once(client, range(100, 130)) == list(range(100, 130))
        assert len(client._queue) == 0
    assert set(range(100, 130)) <= set(served(other))


def test_a_deadline_that_has_passed_is_a_timeout_and_nobody_is_asked(server: V2Server) -> None:
    with client_of(server.address) as client:
        for _ in range(3):
            with pytest.raises(TritonTimeout, match=r"^Triton did not answer in time\.$"):
                infer(client, 1, within_s=-1)
        assert infer(client, 2) == 2
    assert served(server) == [2]
