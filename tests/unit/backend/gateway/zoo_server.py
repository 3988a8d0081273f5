"""A zoo's process that says what a test wants it to say."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.unit.backend.v2_server import Answer, Asked, Reply, V2Server, serving

JSON = "application/json"
PROBLEM = "application/problem+json"


class ZooServer(V2Server):
    """
    Attributes:
        answer: to every request, once `go` is set.
    """

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.answer: Callable[[], Answer] = lambda: said({"path": self.asked[-1].path})

    def reply(self, asked: Asked) -> Answer:
        self.go.wait(10)
        return self.answer()


def zoo_server(*, port: int = 0) -> AbstractContextManager[ZooServer]:
    return serving(ZooServer(port))


def said(document: object, status: int = 200, kind: str = JSON, **headers: str) -> Reply:
    return Reply(status, json.dumps(document).encode(), {"Content-Type": kind} | headers)


def problem(status: int, code: str, **headers: str) -> Reply:
    """A refusal as the zoo's process words it."""
    document = {"status": status, "code": code, "detail": "A sentence."}
    return said(document, status, PROBLEM, **headers)
