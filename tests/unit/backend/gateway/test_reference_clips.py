"""The clips' part of the OpenAPI document and of its page."""

from typing import Any, get_args

import jsonschema_rs
import pytest

from backend.enrichment.clips.protocol import Source
from backend.errors import (
    BadInput,
    ClipNotFound,
    ClipRefused,
    FrameNotFound,
    JobNotFound,
    ModelDisabled,
    UnknownModel,
    ZooError,
)
from backend.gateway.reference import parts, schemas_clips
from backend.gateway.reference.document import document
from backend.gateway.reference.limits import Limits
from backend.gateway.reference.page import render

LIMITS = Limits(
    max_body_bytes=10_000_000,
    max_clip_bytes=200_000_000,
    max_pixels=25_000_000,
    body_timeout_s=10,
    clip_upload_timeout_s=120,
    triton_timeout_ms=2000,
    cache_ttl_s=0,
    rate_limit="",
    keys_needed=True,
)
DOCUMENT = document(LIMITS)
CLIP, JOB = "/v1/clips/{clip_id}", "/v1/jobs/{job_id}"
OPERATIONS: dict[tuple[str, str], dict[str, Any]] = {
    (method, path): operation
    for path, methods in DOCUMENT["paths"].items()
    if path.startswith(("/v1/clips", "/v1/jobs"))
    for method, operation in methods.items()
}
UPLOAD = OPERATIONS["post", "/v1/clips"]
QUESTIONS = [OPERATIONS["post", f"{CLIP}/{verb}"] for verb in ("best-shot", "infer")]


def codes(operation: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    for response in operation["responses"].values():
        problem = response["content"].get("application/problem+json")
        if problem:
            found |= set(problem["schema"]["allOf"][1]["properties"]["code"]["enum"])
    return found


def named(name: str) -> dict[str, Any]:
    """A schema of the document that can be used by itself."""
    return {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}


def successes(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        status: response for status, response in operation["responses"].items() if status < "300"
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("post", "/v1/clips", "201", "Clip"),
        ("get", "/v1/clips", "200", "Clips"),
        ("post", f"{CLIP}/best-shot", "200", "BestShots"),
        ("post", f"{CLIP}/infer", "200", "ClipAnswers"),
        ("get", JOB, "200", "Job"),
    ],
)
def test_an_example_is_an_answer(method: str, path: str, status: str, name: str) -> None:
    media = OPERATIONS[method, path]["responses"][status]["content"]["application/json"]
    assert media["schema"] == {"$ref": f"#/components/schemas/{name}"}
    jsonschema_rs.validate(named(name), media["example"])
    for member in media["example"]:
        spoilt = {key: value for key, value in media["example"].items() if key != member}
        assert not jsonschema_rs.is_valid(named(name), spoilt)


def test_every_operation_takes_the_scope_of_asking_and_can_find_the_zoo_away() -> None:
    assert len(OPERATIONS) == 9
    for operation in OPERATIONS.values():
        assert operation["security"] == [{"bearer": ["infer"]}]
        assert {"enrichment_unavailable", "overloaded", "rate_limited"} < codes(operation)


def test_what_takes_long_may_be_answered_with_a_job_and_where_it_is() -> None:
    jobs = {key for key, operation in OPERATIONS.items() if "202" in operation["responses"]}
    assert jobs == {("post", "/v1/clips"), ("post", f"{CLIP}/best-shot"), ("post", f"{CLIP}/infer")}
    for operation in (UPLOAD, *QUESTIONS):
        headers = operation["responses"]["202"]["headers"]
        assert {"Location", "Preference-Applied"} < set(headers)
        assert {"$ref": "#/components/parameters/Prefer"} in operation["parameters"]
    assert "Location" in UPLOAD["responses"]["201"]["headers"]


def test_a_clip_on_its_way_in_is_refused_as_files_are_and_no_model_is_met() -> None:
    others = {ClipNotFound, FrameNotFound}
    expected = parts.codes(ClipRefused) - parts.codes(*others)
    assert expected | {"slow_body", "no_room_for_clip", "undecodable_picture"} < codes(UPLOAD)
    assert not codes(UPLOAD) & parts.codes(UnknownModel, ModelDisabled, *others)
    assert codes(UPLOAD) & parts.codes(ZooError) == {"enrichment_unavailable"}


def test_who_asks_about_a_clip_may_find_it_gone_and_meets_the_models_problems() -> None:
    for operation in QUESTIONS:
        assert {"clip_not_found", "triton_timeout", "job_cancelled"} < codes(operation)
        assert not codes(operation) & {"slow_body", "undecodable_clip"}
    best_shot, infer = map(codes, QUESTIONS)
    # The one asks the model that scores pictures, the other those of the zoo.
    assert best_shot - infer == {"random_weights"}
    assert infer - best_shot == {
        "unknown_model",
        "frame_not_found",
        "clip_too_large",
        *(parts.codes(ModelDisabled, ZooError) - {"enrichment_unavailable"}),
    }


def test_who_only_looks_is_told_what_is_not_there_and_nothing_else() -> None:
    for (method, path), operation in OPERATIONS.items():
        if operation in (UPLOAD, *QUESTIONS):
            continue
        missing = codes(operation) & (parts.codes(BadInput) - {"malformed_request"})
        assert missing <= parts.codes(ClipNotFound, FrameNotFound, JobNotFound), (method, path)
        assert ("clip_not_found" in missing) == ("{clip_id}" in path)
        assert ("job_not_found" in missing) == ("{job_id}" in path)


def test_sources_are_those_of_the_store() -> None:
    assert set(get_args(Source)) == set(schemas_clips.SOURCES)


def test_the_page_shows_every_answer_that_is_none_of_a_problem() -> None:
    text = render(DOCUMENT)
    assert 'The answer 201 is a <a href="#schema-Clip">Clip</a>' in text
    assert 'The answer 202 is a <a href="#schema-Job">Job</a>' in text
    names = [
        *schemas_clips.SCHEMAS["Job"]["properties"],
        *schemas_clips.SCHEMAS["Clip"]["properties"],
        *("shots[].band", "answers[].detections[].box.width", "clips[].expires_in_s"),
        *("200,000,000 bytes", "0.5 by default", "respond-async"),
    ]
    assert [name for name in names if name not in text] == []


def test_what_a_delete_leaves_has_no_body() -> None:
    assert successes(OPERATIONS["delete", CLIP]) == {"204": parts.response({}, "It is gone")}
