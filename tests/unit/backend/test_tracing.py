"""Tracing where nobody collects traces, and where its packages are missing."""

import logging
import sys

import pytest
from flask import Flask, Response, jsonify

from backend.web import tracing


def app_that_tells_its_trace() -> Flask:
    app = Flask(__name__)
    tracing.register(app, "framegate-test")

    @app.get("/v1/trace")
    def told() -> Response:
        tracing.observe_stage("decode", 0.001)
        return jsonify(tracing.traceparent())

    return app


def ask(app: Flask) -> object:
    sent = {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
    return app.test_client().get("/v1/trace", headers=sent).get_json()


def test_nothing_is_done_where_nobody_collects_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tracing.ENDPOINT, raising=False)
    # An import of it would fail.
    monkeypatch.setitem(sys.modules, "backend.web.spans", None)
    app = app_that_tells_its_trace()
    assert (app.before_request_funcs, app.after_request_funcs) == ({}, {})
    assert ask(app) is None


def test_missing_packages_are_told_and_the_requests_answered(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(tracing.ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "backend.web.spans", None)
    with caplog.at_level(logging.WARNING, logger="framegate"):
        app = app_that_tells_its_trace()
    assert "No traces" in caplog.text
    assert "requirements/tracing.in" in caplog.text
    assert ask(app) is None
