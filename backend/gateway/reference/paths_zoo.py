"""The model zoo's routes in the OpenAPI document."""

from typing import Any

from backend.errors import (
    BadInput,
    ClipRefused,
    DeadlineExceeded,
    Denied,
    EnrichmentUnavailable,
    JobCancelled,
    JobNotFound,
    MalformedRequest,
    ModelDisabled,
    NoRoomForBody,
    Overloaded,
    TritonError,
    UnknownModel,
    ZooError,
)
from backend.gateway.reference import examples_zoo, parts, problems, texts_zoo
from backend.gateway.reference.limits import Limits

_EVERY = parts.codes(Denied, MalformedRequest, Overloaded, DeadlineExceeded, EnrichmentUnavailable)
_NAMED = {*parts.codes(UnknownModel), "not_found"}
_LOADS = parts.codes(ModelDisabled, ZooError, TritonError) - {"random_weights"}
_CLIPS = parts.codes(ClipRefused, JobNotFound, JobCancelled)
_PICTURE = {
    *parts.codes(BadInput, NoRoomForBody) - parts.codes(UnknownModel, ModelDisabled) - _CLIPS,
    "request_entity_too_large",
}
_HEADERS = ("RequestId", "RequestTimeout")
_OPTIONS = ("Prompt", "ScoreThreshold", "OverlapThreshold", "MaxObjects", "MaxClasses")
_ACTIONS = {
    "load": ("Load a model", "Answers once it is loaded, other models having made room."),
    "unload": ("Unload a model", "Answers once its last request is done and its memory is back."),
    "pin": ("Keep a model", "It is never evicted from now on. It is not loaded by that."),
    "unpin": ("Keep a model no longer", "From now on it may be evicted."),
}


def paths(limits: Limits) -> dict[str, Any]:
    model = "/v1/models/{name}"
    return {
        "/v1/enrich": {"post": _enrich(limits)},
        f"{model}/infer": {"post": _infer(limits)},
        "/v1/models": {"get": _models(limits)},
        model: {"get": _model(limits)},
        f"{model}/plan": {"get": _plan(limits)},
        **{f"{model}/{action}": {"post": _control(action, limits)} for action in _ACTIONS},
    }


def _enrich(limits: Limits) -> dict[str, Any]:
    return {
        "operationId": "enrich",
        "summary": "Ask several models of the zoo about one picture",
        "description": texts_zoo.ENRICH,
        "security": parts.security("infer", limits),
        "parameters": parts.parameters("Models", *_OPTIONS, *_HEADERS),
        "requestBody": parts.picture_body(limits),
        "responses": {
            "200": parts.json_response(
                parts.schema("Enrichment"),
                "Each model's answer or problem",
                examples_zoo.ENRICHMENT,
            ),
            **_problems(_EVERY | _PICTURE),
        },
        "x-curl": texts_zoo.CURL_ENRICH,
    }


def _infer(limits: Limits) -> dict[str, Any]:
    return {
        "operationId": "infer",
        "summary": "Ask one model of the zoo about a picture",
        "description": texts_zoo.INFER,
        "security": parts.security("infer", limits),
        "parameters": parts.parameters("ModelName", *_OPTIONS, *_HEADERS),
        "requestBody": parts.picture_body(limits),
        "responses": {
            "200": parts.json_response(
                parts.schema("Inference"), "What it found", examples_zoo.INFERENCE
            ),
            **_problems(_EVERY | _PICTURE | _NAMED | _LOADS),
        },
        "x-curl": texts_zoo.CURL_INFER,
    }


def _models(limits: Limits) -> dict[str, Any]:
    return {
        "operationId": "listModels",
        "summary": "The zoo: its models and its budget of memory",
        "security": parts.security("infer", limits),
        "parameters": parts.parameters(*_HEADERS),
        "responses": {
            "200": parts.json_response(parts.schema("Models"), "As it is now", examples_zoo.MODELS),
            **_problems(_EVERY),
        },
        "x-curl": texts_zoo.CURL_MODELS,
    }


def _model(limits: Limits) -> dict[str, Any]:
    return {
        "operationId": "describeModel",
        "summary": "One model: what it is, and how it is asked",
        "security": parts.security("infer", limits),
        "parameters": parts.parameters("ModelName", *_HEADERS),
        "responses": {
            "200": parts.json_response(parts.schema("ModelDetails"), "The model"),
            **_problems(_EVERY | _NAMED),
        },
        "x-curl": texts_zoo.CURL_MODEL,
    }


def _plan(limits: Limits) -> dict[str, Any]:
    return {
        "operationId": "planLoad",
        "summary": "What would loading a model mean?",
        "description": "Nothing is loaded by asking.",
        "security": parts.security("infer", limits),
        "parameters": parts.parameters("ModelName", *_HEADERS),
        "responses": {
            "200": parts.json_response(parts.schema("Plan"), "The plan", examples_zoo.PLAN),
            **_problems(_EVERY | _NAMED),
        },
        "x-curl": texts_zoo.CURL_PLAN,
    }


def _control(action: str, limits: Limits) -> dict[str, Any]:
    summary, description = _ACTIONS[action]
    return {
        "operationId": f"{action}Model",
        "summary": summary,
        "description": description,
        "security": parts.security("admin", limits),
        "parameters": parts.parameters("ModelName", *_HEADERS),
        "responses": {
            "200": parts.json_response(parts.schema("Model"), "The model as it is afterwards"),
            **_problems(_EVERY | _NAMED | _LOADS),
        },
        "x-curl": texts_zoo.curl_control(action),
    }


def _problems(codes: set[str]) -> dict[str, Any]:
    return problems.responses(lambda problem: problem.code in codes)
