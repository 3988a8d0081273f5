"""The webhook, against a receiver that is well, slow, silent, wrong or not there."""

import json
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from monitor.output import webhook as module
from monitor.output.webhook import BadWebhook, Webhook, webhook_url

SECRET = "/services/T0/s3cret?token=s3cret"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Receiver:
    """Answers each connection with the same bytes and keeps what it was sent."""

    def __init__(self, answer: bytes, *, answers: threading.Event | None = None) -> None:
        self._answer = answer
        self._answers = answers
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}{SECRET}"
        self.requests: queue.Queue[bytes] = queue.Queue()
        self.accepted = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                self.accepted.set()
                self._exchange(connection)

    def _exchange(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            head = [lines.readline()]
            while head[-1].strip():
                head.append(lines.readline())
            length = next(
                int(line.split(b":")[1])
                for line in head
                if line.lower().startswith(b"content-length")
            )
            self.requests.put(b"".join(head) + lines.read(length))
            if self._answers is not None:
                self._answers.wait(30)
            connection.sendall(self._answer)

    def next_document(self) -> Any:
        return json.loads(self.requests.get(timeout=10).partition(b"\r\n\r\n")[2])

    def close(self) -> None:
        if self._answers is not None:
            self._answers.set()
        # Closing alone does not wake whoever waits in accept.
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()


@contextmanager
def receiver(answer: bytes = OK, answers: threading.Event | None = None) -> Iterator[Receiver]:
    with closing(Receiver(answer, answers=answers)) as running:
        yield running


class Said:
    """What was said, to be waited for."""

    def __init__(self) -> None:
        self._lines: queue.Queue[str] = queue.Queue()

    def __call__(self, line: str) -> None:
        self._lines.put(line)

    def next(self) -> str:
        return self._lines.get(timeout=10)

    def rest(self) -> list[str]:
        return [self._lines.get_nowait() for _ in range(self._lines.qsize())]


def test_an_alert_arrives_as_json_at_the_whole_address() -> None:
    said = Said()
    with receiver() as server, closing(Webhook(server.url, said)) as webhook:
        webhook.send({"text": "überlastet"})
        head, _, body = server.requests.get(timeout=10).partition(b"\r\n\r\n")
    assert head.startswith(f"POST {SECRET} HTTP/1.1\r\n".encode())
    assert b"Content-Type: application/json" in head
    assert json.loads(body) == {"text": "überlastet"}
    assert said.rest() == []


def test_alerts_arrive_in_their_order() -> None:
    with receiver() as server, closing(Webhook(server.url, Said())) as webhook:
        for number in range(5):
            webhook.send({"number": number})
        assert [server.next_document()["number"] for _ in range(5)] == [0, 1, 2, 3, 4]


def test_a_failure_is_said_once_until_it_is_gone() -> None:
    said = Said()
    with receiver(b"HTTP/1.1 500 Oops\r\n\r\n") as server:
        webhook = Webhook(server.url, said)
        for _ in range(3):
            webhook.send({})
        webhook.close()
    assert said.rest() == ["webhook http://127.0.0.1: answered status 500"]


def test_that_it_works_again_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Callable[[], None]] = [_fails, _fails, _works, _works]
    monkeypatch.setattr(module, "_post", lambda parts, body: answers.pop(0)())
    said = Said()
    with closing(Webhook(f"https://hooks.example{SECRET}", said)) as webhook:
        for _ in range(4):
            webhook.send({})
    assert said.rest() == [
        "webhook https://hooks.example: did not answer in time",
        "webhook https://hooks.example: alerts are received again",
    ]


def _fails() -> None:
    raise module._Failed("did not answer in time")


def _works() -> None:
    pass


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", None),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n",
            "answered status 302, and redirects are not followed",
        ),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "answered status 403"),
        (b"SSH-2.0-OpenSSH\r\n", "does not speak HTTP"),
        (b"", "does not speak HTTP"),
    ],
)
def test_what_the_receiver_answers_decides(answer: bytes, complaint: str | None) -> None:
    said = Said()
    with receiver(answer) as server, closing(Webhook(server.url, said)) as webhook:
        webhook.send({})
    expected = [] if complaint is None else [f"webhook http://127.0.0.1: {complaint}"]
    assert said.rest() == expected


def test_a_receiver_that_does_not_answer_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 0.1)
    said = Said()
    with receiver(answers=threading.Event()) as server:
        webhook = Webhook(server.url, said)
        webhook.send({})
        assert said.next() == "webhook http://127.0.0.1: did not answer in time"
        webhook.close()
    assert said.rest() == []


def test_nobody_there_is_a_sentence_without_the_secret() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    said = Said()
    with closing(Webhook(f"http://127.0.0.1:{port}{SECRET}", said)) as webhook:
        webhook.send({})
    assert said.rest() == ["webhook http://127.0.0.1: cannot be reached: Connection refused"]


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    said = Said()
    with receiver() as server, closing(Webhook(server.url, said)) as webhook:
        webhook.send({"text": "direct"})
        assert server.next_document() == {"text": "direct"}
    assert said.rest() == []


def test_where_too_many_wait_the_oldest_is_dropped_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    said, answers = Said(), threading.Event()
    with receiver(answers=answers) as server:
        webhook = Webhook(server.url, said)
        webhook.send({"number": 0})
        assert server.next_document() == {"number": 0}
        for number in range(1, 5):
            webhook.send({"number": number})
        answers.set()
        assert [server.next_document()["number"] for _ in range(2)] == [3, 4]
        webhook.close()
    assert said.rest() == ["2 alerts were not sent to http://127.0.0.1"]


def test_closing_waits_only_so_long_and_says_what_was_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said, answers = Said(), threading.Event()
    with receiver(answers=answers) as server:
        webhook = Webhook(server.url, said)
        webhook.send({})
        server.next_document()
        webhook.send({})
        monkeypatch.setattr(module, "TIMEOUT_S", 0.05)
        webhook.close()
        assert said.next() == "2 alerts were not sent to http://127.0.0.1"


@pytest.mark.parametrize(
    "text",
    ["http://127.0.0.1:9000/hook", "https://hooks.example/services/a?b=c", "http://[::1]:1/"],
)
def test_an_address_is_kept_as_given(text: str) -> None:
    assert webhook_url(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "hooks.example/s3cret",
        "ftp://hooks.example/s3cret",
        "https:///s3cret",
        "https://me:s3cret@hooks.example/",
        "https://hooks.example:0/s3cret",
        "https://hooks.example:99999/s3cret",
        "https://hooks.example/s3cret\r\nX: y",
        "https://[s3cret/",
        "",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(BadWebhook) as caught:
        webhook_url(text)
    assert "webhook's address" in str(caught.value)
    assert "s3cret" not in str(caught.value)
