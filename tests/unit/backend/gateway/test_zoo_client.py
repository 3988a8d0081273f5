"""One exchange with the zoo: what is sent, what becomes of the answer, what is not repeated."""

import json
import time
from collections.abc import Iterator
from contextlib import closing

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import DeadlineExceeded, Denied, EnrichmentUnavailable
from backend.gateway import zoo_client
from backend.gateway.zoo_answer import RELAYED, ZooAnswer, read_answer
from backend.gateway.zoo_client import ZooClient
from backend.triton.connection import Answer, Connection
from backend.web.problems import PROBLEMS
from backend.web.uploads import Upload
from tests.processes import free_port
from tests.unit.backend.gateway.zoo_server import (
    JSON,
    PROBLEM,
    ZooServer,
    problem,
    said,
    zoo_server,
)
from tests.unit.backend.v2_server import Answer as Said
from tests.unit.backend.v2_server import Reply, until

TOKEN = "token-of-our-own-processes"
PICTURE = Upload(b"a picture", "image/png")


@pytest.fixture
def zoo() -> Iterator[ZooServer]:
    with zoo_server() as server:
        yield server


@pytest.fixture
def client(zoo: ZooServer) -> Iterator[ZooClient]:
    with closing(ZooClient(*zoo.address, token=TOKEN)) as client:
        yield client


def get(client: ZooClient, path: str = "/v1/models", within_s: float = 10) -> ZooAnswer:
    return client.ask("GET", path, request_id="camera-7", deadline_s=time.monotonic() + within_s)


def post(client: ZooClient, upload: Upload | None = PICTURE, within_s: float = 10) -> ZooAnswer:
    deadline_s = time.monotonic() + within_s
    return client.ask(
        "POST", "/v1/enrich?models=a", upload, request_id="camera-7", deadline_s=deadline_s
    )


def test_a_picture_goes_as_it_is_with_token_id_and_the_time_that_is_left(
    zoo: ZooServer, client: ZooClient
) -> None:
    answer = post(client)
    assert (answer.status, json.loads(answer.body)) == (200, {"path": "/v1/enrich?models=a"})
    (asked,) = zoo.asked
    assert asked.body == b"a picture"
    assert asked.headers["content-type"] == "image/png"
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["x-request-id"] == "camera-7"
    assert 9000 < int(asked.headers["x-request-timeout-ms"]) <= 10_000


def test_a_picture_of_no_declared_type_is_bytes_and_without_a_token_none_is_sent(
    zoo: ZooServer,
) -> None:
    with closing(ZooClient(*zoo.address)) as client:
        post(client, Upload(b"a picture", None))
    (asked,) = zoo.asked
    assert asked.headers["content-type"] == "application/octet-stream"
    assert "authorization" not in asked.headers


def test_what_is_only_asked_for_has_no_body(zoo: ZooServer, client: ZooClient) -> None:
    get(client)
    post(client, None)
    assert [asked.body for asked in zoo.asked] == [b"", b""]
    assert "content-type" not in zoo.asked[1].headers


def test_one_connection_serves_one_request_after_the_other(
    zoo: ZooServer, client: ZooClient
) -> None:
    for _ in range(5):
        post(client)
    assert (zoo.connections, len(zoo.asked)) == (1, 5)


def test_requests_at_once_have_connections_of_their_own_and_few_are_kept(
    zoo: ZooServer, client: ZooClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoo_client, "MOST_IDLE", 2)
    zoo.go.clear()
    asking = [gevent.spawn(get, client) for _ in range(4)]
    until(lambda: len(zoo.asked) == 4, "all have asked")
    zoo.go.set()
    assert [len(greenlet.get(timeout=10).body) > 0 for greenlet in asking] == [True] * 4
    until(lambda: len(zoo.open) == 2, "the others are closed")


def test_a_connection_that_the_zoo_closed_meanwhile_is_replaced_before_anything_is_sent(
    zoo: ZooServer, client: ZooClient
) -> None:
    post(client)
    zoo.hang_up()
    until(lambda: not zoo.open, "the zoo has closed it")
    assert post(client).status == 200
    assert (zoo.connections, len(zoo.asked)) == (2, 2)


def test_a_connection_is_not_used_again_when_the_zoo_may_be_about_to_close_it(
    zoo: ZooServer, client: ZooClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(client)
    monkeypatch.setattr(zoo_client, "IDLE_LIFETIME_S", 0.0)
    post(client)
    assert zoo.connections == 2
    until(lambda: not zoo.open, "what is too old is not kept either")


def test_a_connection_that_the_zoo_announces_to_close_is_not_used_again(
    zoo: ZooServer, client: ZooClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "is_stale", lambda connection: False)  # not seen yet
    zoo.answer = lambda: said({}, Connection="close")
    post(client)
    post(client)
    assert zoo.connections == 2


def test_a_connection_on_which_something_was_refused_is_not_used_again(
    zoo: ZooServer, client: ZooClient
) -> None:
    zoo.answer = lambda: problem(503, "zoo_busy")
    for _ in range(3):
        assert post(client).code == "zoo_busy"
    assert zoo.connections == 3


def test_a_picture_that_the_zoo_may_have_begun_on_is_never_sent_twice(
    zoo: ZooServer, client: ZooClient
) -> None:
    post(client)
    zoo.answer = lambda: None
    with pytest.raises(EnrichmentUnavailable, match=r"^The model zoo cannot be reached, or left"):
        post(client)
    assert len(zoo.asked) == 2
    zoo.answer = lambda: said({})
    assert post(client).status == 200


def test_nobody_at_the_address_is_unavailable() -> None:
    with pytest.raises(EnrichmentUnavailable, match=r"^The model zoo cannot be reached"):
        get(ZooClient("127.0.0.1", free_port()))


def test_a_zoo_that_is_killed_while_it_answers_is_unavailable_and_then_there_again(
    zoo: ZooServer, client: ZooClient
) -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    for part in (whole + b'{"a"', whole, whole[:30]):
        zoo.answer = lambda part=part: part  # type: ignore[misc]
        with pytest.raises(EnrichmentUnavailable, match=r"^The model zoo cannot be reached, or "):
            post(client)
    zoo.answer = lambda: said({})
    assert post(client).status == 200


def test_a_zoo_that_is_late_is_waited_for_past_the_deadline_but_not_for_ever(
    zoo: ZooServer, client: ZooClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo.go.clear()
    monkeypatch.setattr(zoo_client, "GRACE_S", 0.2)
    begun_s = time.monotonic()
    with pytest.raises(EnrichmentUnavailable, match=r"^The model zoo did not answer in time\.$"):
        post(client, within_s=0.1)
    assert 0.3 <= time.monotonic() - begun_s < 5
    zoo.go.set()
    until(lambda: not zoo.open, "the connection with the late answer is given up")
    assert post(client).status == 200


def test_the_zoo_is_not_asked_when_the_time_is_up(zoo: ZooServer, client: ZooClient) -> None:
    with pytest.raises(DeadlineExceeded):
        post(client, within_s=0)
    assert zoo.connections == 0


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-nothing\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}",
        Reply(200, b"<html>", {"Content-Type": "text/html"}),
        Reply(200, b"{}"),
        said({}, 201),
        Reply(503, b"busy"),
        Reply(503, b"busy", {"Content-Type": PROBLEM}),
        said(["zoo_busy"], 503, PROBLEM),
        said({"code": 7}, 503, PROBLEM),
        problem(503, "no_such_code"),
        problem(404, "not_found"),
        problem(500, "zoo_busy"),
    ],
)
def test_what_is_no_answer_of_a_zoo_is_not_passed_on(
    zoo: ZooServer, client: ZooClient, garbage: Said
) -> None:
    zoo.answer = lambda: garbage
    with pytest.raises(EnrichmentUnavailable):
        post(client)


@pytest.mark.parametrize(("status", "code"), [(401, "unauthenticated"), (403, "forbidden")])
def test_that_the_zoo_does_not_know_the_gateway_is_not_the_caller_s_fault(
    zoo: ZooServer, client: ZooClient, status: int, code: str
) -> None:
    zoo.answer = lambda: problem(status, code)
    with pytest.raises(EnrichmentUnavailable, match="does not accept the gateway's internal token"):
        post(client)


@pytest.mark.parametrize(("code", "status"), RELAYED.items())
def test_a_refusal_of_the_zoo_is_the_caller_s_to_know(code: str, status: int) -> None:
    reply = problem(status, code)
    answer = read_answer(Answer(status, {"content-type": PROBLEM, "retry-after": "3"}, reply.body))
    assert answer == ZooAnswer(status, reply.body, PROBLEM, code, {"Retry-After": "3"})


def test_every_problem_is_passed_on_but_those_of_keys_and_rates() -> None:
    own = {problem.code for kind, problem in PROBLEMS.items() if issubclass(kind, Denied)}
    every = {problem.code for problem in PROBLEMS.values()}
    assert set(RELAYED) == every - own | {"internal_error", "request_entity_too_large"}


@given(st.text(max_size=6))
def test_a_time_to_wait_is_whole_seconds_or_not_passed_on(retry_after: str) -> None:
    headers = {"content-type": PROBLEM, "retry-after": retry_after}
    answer = read_answer(Answer(503, headers, problem(503, "zoo_busy").body))
    if answer.headers:
        assert answer.headers == {"Retry-After": retry_after}
        assert set(retry_after) <= set("0123456789")


def test_a_type_with_a_character_set_is_the_same_type() -> None:
    answer = Answer(200, {"content-type": f"{JSON}; charset=utf-8"}, b"{}")
    assert read_answer(answer) == ZooAnswer(200, b"{}")
