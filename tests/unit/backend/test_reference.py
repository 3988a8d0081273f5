"""The OpenAPI document and its page: valid, complete, and true to the routes and the tables."""

import re
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from backend import __version__
from backend.errors import (
    ClipRefused,
    JobCancelled,
    JobNotFound,
    ModelDisabled,
    NoRoomForClip,
    TritonError,
    UnknownModel,
    ZooError,
)
from backend.gateway.app import create_app
from backend.gateway.reference.document import document
from backend.gateway.reference.limits import Limits
from backend.gateway.reference.page import prose, render, type_of
from backend.gateway.reference.problems import WHAT_TO_DO
from backend.settings import Settings
from backend.web.problems import PROBLEMS

LIMITS = Limits(
    max_body_bytes=10_000_000,
    max_clip_bytes=200_000_000,
    max_pixels=25_000_000,
    body_timeout_s=10,
    clip_upload_timeout_s=120,
    triton_timeout_ms=2000,
    cache_ttl_s=0,
    rate_limit="",
    keys_needed=False,
)
DOCUMENT = document(LIMITS)
OPERATIONS = {
    (method.upper(), path): operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app(Settings(max_body_bytes=54_321, max_pixels=98_765, cache_ttl_s=7))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def limits(document: dict[str, Any]) -> dict[str, str]:
    return {row["what"]: row["limit"] for row in document["x-limits"]}


def codes(operation: dict[str, Any]) -> set[str]:
    """The problem codes that an operation's answers name."""
    found: set[str] = set()
    for response in operation["responses"].values():
        problem = response["content"].get("application/problem+json")
        if problem:
            found |= set(problem["schema"]["allOf"][1]["properties"]["code"]["enum"])
    return found


def test_it_is_openapi_3_1() -> None:
    assert [error.message for error in OPENAPI_31_VALIDATOR.iter_errors(DOCUMENT)] == []
    assert DOCUMENT["info"]["version"] == __version__


def test_every_route_is_in_it_and_nothing_else(app: Flask) -> None:
    routes = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == set(OPERATIONS)


def test_every_problem_is_in_it_with_what_to_do() -> None:
    rows = {row["code"]: row for row in DOCUMENT["x-problems"]}
    assert {problem.code for problem in PROBLEMS.values()} <= set(rows)
    for problem in PROBLEMS.values():
        row = rows[problem.code]
        assert row["status"] == problem.status
        assert row["waiting_helps"] == (problem.retry_after_s is not None)
        assert row["what_to_do"] == WHAT_TO_DO[problem.code]


def test_a_picture_can_meet_every_problem_of_the_table_but_those_of_zoo_and_clips() -> None:
    quality = OPERATIONS["POST", "/v1/quality"]
    clips = (ClipRefused, JobNotFound, JobCancelled, NoRoomForClip)
    others = (UnknownModel, ModelDisabled, ZooError, *clips)
    possible = [problem for kind, problem in PROBLEMS.items() if not issubclass(kind, others)]
    assert codes(quality) == {problem.code for problem in possible} | {
        "request_entity_too_large",
        "internal_error",
    }
    for problem in possible:
        response = quality["responses"][str(problem.status)]
        if problem.retry_after_s is not None:
            assert "Retry-After" in response["headers"]


def test_a_probe_can_meet_the_problems_of_triton_alone() -> None:
    triton = {problem.code for kind, problem in PROBLEMS.items() if issubclass(kind, TritonError)}
    assert codes(OPERATIONS["GET", "/health"]) == triton | {"internal_error"}
    # The one that those ask who spread requests.
    assert codes(OPERATIONS["GET", "/health/ready"]) == triton | {"internal_error", "draining"}
    assert codes(OPERATIONS["GET", "/health/live"]) == {"internal_error"}


def test_the_limits_are_the_settings(client: FlaskClient) -> None:
    shown = client.get("/openapi.json").get_json()
    assert limits(shown)["Request body"] == "54,321 bytes"
    assert limits(shown)["Picture"] == "98,765 pixels, each side at least 32"
    assert limits(shown)["Answers remembered"] == "7 s"
    assert "54,321 bytes" in shown["paths"]["/v1/quality"]["post"]["requestBody"]["description"]


def test_what_is_off_is_said_so() -> None:
    assert limits(DOCUMENT)["Answers remembered"] == "never"
    assert limits(DOCUMENT)["Requests per key, or per address"] == "no limit"


@pytest.mark.parametrize(("path", "scope"), [("/v1/quality", "infer"), ("/metrics", "metrics")])
def test_a_key_is_optional_where_the_gateway_has_none(path: str, scope: str) -> None:
    def security(keys_needed: bool) -> object:
        (operation,) = document(replace(LIMITS, keys_needed=keys_needed))["paths"][path].values()
        return operation["security"]

    assert security(keys_needed=False) == [{}, {"bearer": [scope]}]
    assert security(keys_needed=True) == [{"bearer": [scope]}]


def test_the_example_is_an_answer() -> None:
    media = OPERATIONS["POST", "/v1/quality"]["responses"]["200"]["content"]["application/json"]
    jsonschema_rs.validate(DOCUMENT["components"]["schemas"]["Quality"], media["example"])


# The page


def test_the_page_names_everything_in_the_document(client: FlaskClient) -> None:
    text = client.get("/docs").text
    components = DOCUMENT["components"]
    names = [
        *DOCUMENT["paths"],
        *(row["code"] for row in DOCUMENT["x-problems"]),
        *(parameter["name"] for parameter in components["parameters"].values()),
        *(name for operation in OPERATIONS.values() for name in operation["responses"]),
        *components["schemas"]["Problem"]["properties"],
        *components["schemas"]["Quality"]["properties"],
        *(f"timing_ms.{stage}" for stage in ("decode", "preprocess", "triton", "total")),
        *("Retry-After", "Server-Timing", "54,321 bytes", "curl --data-binary"),
    ]
    assert [name for name in names if name not in text] == []


def test_the_page_needs_no_script_and_no_inline_style(client: FlaskClient) -> None:
    response = client.get("/docs")
    assert response.mimetype == "text/html"
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://(?!127)", response.text)
    assert re.findall(r'<link rel="stylesheet" href="([^"]+)"', response.text) == [
        "/static/reference.css"
    ]
    with client.get("/static/reference.css") as sheet:
        assert sheet.status_code == 200


def test_links_within_the_page_lead_somewhere(client: FlaskClient) -> None:
    text = client.get("/docs").text
    identifiers = re.findall(r'\sid="([^"]+)"', text)
    assert len(identifiers) == len(set(identifiers))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(identifiers)


def test_a_settings_text_cannot_become_markup() -> None:
    text = render(document(replace(LIMITS, rate_limit="<script>1</script>")))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_prose_has_paragraphs_lists_and_code() -> None:
    assert prose("One `<a>`.\n\n- two\n  lines\n- three") == (
        "<p>One <code>&lt;a&gt;</code>.</p><ul><li>two\n  lines</li><li>three</li></ul>"
    )


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"const": "ready"}, '"ready"'),
        ({"type": "string", "format": "binary"}, "file"),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "integer, 1 to 9"),
        ({"type": "number", "minimum": 0}, "number, 0 or more"),
        ({"type": "boolean"}, "boolean"),
        ({"type": ["number", "null"], "minimum": 0, "maximum": 1}, "number or null, 0 to 1"),
        ({"enum": ["good", None]}, '"good" or null'),
        ({"type": "array", "items": {"type": "string"}}, "array of string"),
        ({"type": "array", "items": {"$ref": "#/a"}}, "array"),
        ({}, "any"),
    ],
)
def test_a_type_in_a_few_words(schema: dict[str, Any], words: str) -> None:
    assert type_of(schema) == words
