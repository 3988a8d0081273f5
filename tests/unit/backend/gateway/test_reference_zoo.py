"""The zoo's part of the OpenAPI document and of its page."""

from typing import Any

import jsonschema_rs
import pytest

from backend.enrichment.model_spec import ModelSpec, TaskName
from backend.enrichment.zoo.states import Priority, State
from backend.errors import (
    ClipRefused,
    Draining,
    JobCancelled,
    JobNotFound,
    ModelDisabled,
    NoRoomForClip,
    TritonError,
    UnknownModel,
    ZooError,
)
from backend.gateway.reference import parts, schemas_zoo
from backend.gateway.reference.document import document
from backend.gateway.reference.limits import Limits
from backend.gateway.reference.page import render, shared_schemas
from backend.gateway.zoo import NAME_PATTERN
from backend.gateway.zoo_answer import RELAYED

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
MODEL = "/v1/models/{name}"
CONTROL = [f"{MODEL}/{action}" for action in ("load", "unload", "pin", "unpin")]
ROUTES = ["/v1/enrich", f"{MODEL}/infer", "/v1/models", MODEL, f"{MODEL}/plan", *CONTROL]


def operation(path: str) -> dict[str, Any]:
    (found,) = DOCUMENT["paths"][path].values()
    return dict(found)


def codes(path: str) -> set[str]:
    found: set[str] = set()
    for response in operation(path)["responses"].values():
        for kind, media in response["content"].items():
            if kind == "application/problem+json":
                found |= set(media["schema"]["allOf"][1]["properties"]["code"]["enum"])
    return found


def named(name: str) -> dict[str, Any]:
    """A schema of the document that can be used by itself."""
    return {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/enrich", "Enrichment"),
        (f"{MODEL}/infer", "Inference"),
        ("/v1/models", "Models"),
        (f"{MODEL}/plan", "Plan"),
    ],
)
def test_an_example_is_an_answer(path: str, name: str) -> None:
    media = operation(path)["responses"]["200"]["content"]["application/json"]
    assert media["schema"] == {"$ref": f"#/components/schemas/{name}"}
    jsonschema_rs.validate(named(name), media["example"])
    for member in media["example"]:
        spoilt = {key: value for key, value in media["example"].items() if key != member}
        assert not jsonschema_rs.is_valid(named(name), spoilt)


def test_states_priorities_tasks_and_names_are_those_of_the_zoo() -> None:
    assert tuple(State) == schemas_zoo.STATES
    assert tuple(priority.name for priority in Priority) == schemas_zoo.PRIORITIES
    assert tuple(TaskName) == schemas_zoo.TASKS
    catalogued = ModelSpec.model_json_schema()["properties"]["name"]["pattern"]
    assert catalogued == f"^{NAME_PATTERN.replace('{0,63}', '*')}$"


def test_each_route_says_which_scope_it_takes() -> None:
    scopes = {path: operation(path)["security"] for path in ROUTES}
    assert scopes == {
        path: [{"bearer": ["admin" if path in CONTROL else "infer"]}] for path in ROUTES
    }


def test_every_route_can_find_the_zoo_away() -> None:
    for path in ROUTES:
        assert "enrichment_unavailable" in codes(path)
        assert {"unauthenticated", "forbidden", "rate_limited", "overloaded"} < codes(path)


def test_what_the_zoo_may_refuse_an_inference_with_is_in_the_document() -> None:
    # A quality model alone refuses to answer with random weights, a gateway alone drains, and a
    # picture is no clip.
    clips = parts.codes(ClipRefused, JobNotFound, JobCancelled, NoRoomForClip)
    others = {"random_weights"} | parts.codes(Draining) | clips
    assert set(RELAYED) - codes(f"{MODEL}/infer") == others


def test_in_an_enrichment_what_fails_of_a_model_is_in_the_answer_and_not_its_status() -> None:
    of_models = parts.codes(UnknownModel, ModelDisabled, ZooError, TritonError)
    assert codes("/v1/enrich") & of_models == {"enrichment_unavailable"}


def test_who_only_reads_meets_no_problem_of_a_load() -> None:
    for path in ("/v1/models", MODEL, f"{MODEL}/plan"):
        assert not codes(path) & {"model_too_large", "zoo_busy", "triton_failed", "slow_body"}
        assert ("unknown_model" in codes(path)) == ("{name}" in path)


def test_the_page_shows_what_several_answers_share_once_and_links_to_it() -> None:
    assert shared_schemas(DOCUMENT) == ["Model", "Clip", "Job"]
    text = render(DOCUMENT)
    assert text.count('<section id="schema-Model">') == 1
    # From the contents, the list, and each of the four that change a model.
    assert text.count('<a href="#schema-Model">') == 6
    assert 'array of <a href="#schema-Model">Model</a>' in text


def test_the_page_names_the_members_of_every_answer_and_the_defaults() -> None:
    text = render(DOCUMENT)
    names = [
        *schemas_zoo.SCHEMAS["Models"]["properties"],
        *schemas_zoo.SCHEMAS["Model"]["properties"],
        *schemas_zoo.SCHEMAS["ModelDetails"]["properties"],
        *("loaded_models[].last_used", "result.task", "0.45 by default", "string or null"),
    ]
    assert [name for name in names if name not in text] == []
