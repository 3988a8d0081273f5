"""What a record looks like in the log, and the line of each request."""

import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import Overloaded
from backend.web import access_log, metrics, problems, request_ids
from backend.web.logs import JsonLines


def formatted(message: str, *args: object, **extra: object) -> dict[str, Any]:
    record = logging.LogRecord("framegate", logging.WARNING, "x.py", 1, message, args, None)
    vars(record).update(extra)
    text = JsonLines().format(record)
    assert len(text.splitlines()) == 1
    line: dict[str, Any] = json.loads(text)
    return line


def test_a_record_is_one_line_with_its_fields() -> None:
    line = formatted("%s: %s", "overloaded", "full", request_id="camera-7", code="overloaded")
    age = datetime.now(UTC) - datetime.fromisoformat(line.pop("time"))
    assert timedelta(0) <= age < timedelta(minutes=1)
    assert line == {
        "level": "warning",
        "logger": "framegate",
        "message": "overloaded: full",
        "request_id": "camera-7",
        "code": "overloaded",
    }


@given(st.text())
def test_no_message_breaks_a_line(message: str) -> None:
    assert formatted("%s", message)["message"] == message


def test_a_stack_trace_is_a_field() -> None:
    try:
        raise RuntimeError("first\nsecond")
    except RuntimeError:
        line = formatted("failed", exc_info=sys.exc_info())
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert line["exception"].endswith("RuntimeError: first\nsecond")


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where access lines go instead of stderr."""
    path = tmp_path / "access.log"
    level = access_log.log.level
    access_log.log.setLevel(logging.INFO)
    with path.open("ab") as file:
        monkeypatch.setattr(access_log, "STDERR", file.fileno())
        yield path
    access_log.log.setLevel(level)


@pytest.fixture
def app() -> Flask:
    app = Flask("test")
    for part in (request_ids, metrics, access_log, problems):
        part.register(app)

    @app.post("/pictures/<name>")
    def picture(name: str) -> Response:
        if name == "full":
            raise Overloaded("full")
        return Response(name)

    return app


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_request_is_one_line_without_path_query_body_or_key(app: Flask, written: Path) -> None:
    app.test_client().post(
        "/pictures/secret-name?secret=query",
        data=b"secret body",
        headers={"X-Request-Id": "camera-7", "Authorization": "Bearer secret"},
    )
    assert "secret" not in written.read_text()
    (line,) = lines(written)
    assert datetime.fromisoformat(line.pop("time")).utcoffset() == timedelta(0)
    assert 0 < line.pop("duration_ms") < 60_000
    assert line == {
        "level": "info",
        "logger": "framegate.access",
        "request_id": "camera-7",
        "method": "POST",
        "route": "/pictures/<name>",
        "status": 200,
        "code": None,
        "body_bytes": 11,
        "remote": "127.0.0.1",
    }


def test_a_problem_s_line_has_its_code(app: Flask, written: Path) -> None:
    app.test_client().post("/pictures/full")
    app.test_client().open("/made-up", method="BREW")
    ends = [
        (line["route"], line["method"], line["status"], line["code"]) for line in lines(written)
    ]
    assert ends == [
        ("/pictures/<name>", "POST", 503, "overloaded"),
        ("unknown", "-", 404, "not_found"),
    ]


def test_a_higher_level_has_no_lines_of_requests(app: Flask, written: Path) -> None:
    access_log.log.setLevel(logging.WARNING)
    app.test_client().post("/pictures/a")
    assert lines(written) == []


def test_a_log_that_cannot_be_written_fails_no_request(
    app: Flask, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/full").open("wb") as full:
        monkeypatch.setattr(access_log, "STDERR", full.fileno())
        assert app.test_client().post("/pictures/a").status_code == 200
