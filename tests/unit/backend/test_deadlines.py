"""How long a caller says it will wait."""

import math
import time

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from backend.errors import MalformedRequest
from backend.web.deadlines import deadline_s


def request(text: str | None = None) -> Request:
    headers = [] if text is None else [("X-Request-Timeout-Ms", text)]
    return Request(EnvironBuilder(headers=headers).get_environ())


def test_a_caller_that_does_not_say_waits_for_ever() -> None:
    assert deadline_s(request()) == math.inf


@pytest.mark.parametrize(
    ("text", "after_s"),
    [("1", 0.001), ("250", 0.25), ("0250", 0.25), ("2000", 2), ("600000", 600)],
)
def test_a_deadline_is_so_many_milliseconds_from_now(text: str, after_s: float) -> None:
    before_s = time.monotonic()
    found_s = deadline_s(request(text))
    assert before_s + after_s <= found_s <= time.monotonic() + after_s


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "-1",
        "+5",
        "1.5",
        "1e3",
        "600001",
        "9" * 5000,
        "ten",
        "1 000",
        "1,2",
        "٣",
        "²",
        "nan",
    ],
)
def test_anything_else_is_malformed(text: str) -> None:
    environ = EnvironBuilder().get_environ() | {
        # As a server hands over bytes that are not ASCII.
        "HTTP_X_REQUEST_TIMEOUT_MS": text.encode().decode("latin-1")
    }
    with pytest.raises(MalformedRequest) as caught:
        deadline_s(Request(environ))
    assert str(caught.value) == (
        "X-Request-Timeout-Ms must be a whole number of milliseconds from 1 to 600000."
    )
