"""The gateway's interface as an OpenAPI 3.1 document, with the limits of this very gateway."""

from dataclasses import dataclass
from typing import Any

from backend import __version__
from backend.errors import ModelDisabled, TritonError, UnknownModel, ZooError
from backend.gateway.reference import problems, schemas, texts
from backend.images import MEDIA_TYPES, MINIMUM_SIDE, MOST_SCANS
from backend.web.problems import PROBLEMS, Problem
from backend.web.uploads import FIELD

# Those of keys and rates, which every route with a scope can answer.
_ACCESS_STATUSES = (401, 403, 429)
_TRITON = [PROBLEMS[kind] for kind in PROBLEMS if issubclass(kind, TritonError)]
_NO_ROUTE = ("not_found", "method_not_allowed")
_ZOO = {
    problem.code
    for kind, problem in PROBLEMS.items()
    if issubclass(kind, UnknownModel | ModelDisabled | ZooError)
}


@dataclass(frozen=True)
class Limits:
    """What this gateway's settings say; see `Settings`.

    Attributes:
        rate_limit: as 20/second; empty where there is none.
        keys_needed: whether a call without a key is refused.
    """

    max_body_bytes: int
    max_pixels: int
    body_timeout_s: float
    triton_timeout_ms: int
    cache_ttl_s: float
    rate_limit: str
    keys_needed: bool


def document(limits: Limits) -> dict[str, Any]:
    """The OpenAPI document. `x-limits` and `x-problems` are tables for people to read."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Framegate",
            "version": __version__,
            "summary": "Camera frames in, a face-image quality score out.",
            "description": "Any answer but 2xx is `application/problem+json`. What is not HTTP at "
            "all, or has headers out of all proportion, is answered with 400, 414, 431 or 501 and "
            "a line of HTML before it gets that far.",
        },
        "paths": {
            "/v1/quality": {"post": _quality(limits)},
            "/health/live": {"get": _live()},
            "/health/ready": {"get": _ready("Ready to score", {"status": {"const": "ready"}})},
            "/health": {"get": _ready("Healthy", _HEALTHY)},
            "/metrics": {"get": _metrics(limits)},
            "/openapi.json": {"get": _file("This document", "application/json", "openapi")},
            "/docs": {"get": _file("This document for people", "text/html", "docs")},
            "/": {"get": _file("The camera page", "text/html", "cameraPage")},
            "/static/{filename}": {"get": _static()},
        },
        "components": schemas.COMPONENTS,
        "x-limits": _limits(limits),
        "x-problems": problems.rows(),
    }


def _limits(limits: Limits) -> list[dict[str, str]]:
    rows = {
        "Request body": f"{limits.max_body_bytes:,} bytes",
        "Picture": f"{limits.max_pixels:,} pixels, each side at least {MINIMUM_SIDE}",
        "Scans of a JPEG": f"{MOST_SCANS}",
        "Arrival of a body": f"{limits.body_timeout_s:g} s",
        "Wait for Triton": f"{limits.triton_timeout_ms:,} ms",
        "Requests per key, or per address": limits.rate_limit or "no limit",
        "Answers remembered": f"{limits.cache_ttl_s:g} s" if limits.cache_ttl_s else "never",
    }
    return [{"what": what, "limit": limit} for what, limit in rows.items()]


def _quality(limits: Limits) -> dict[str, Any]:
    return {
        "operationId": "scoreQuality",
        "summary": "Score one picture",
        "description": texts.PICTURE_RULES,
        "security": _security("infer", limits),
        "parameters": [
            {"$ref": "#/components/parameters/Face"},
            {"$ref": "#/components/parameters/RequestId"},
            {"$ref": "#/components/parameters/RequestTimeout"},
        ],
        "requestBody": {
            "required": True,
            "description": f"One picture, at most {limits.max_body_bytes:,} bytes with all around "
            f"it and {limits.max_pixels:,} pixels.",
            "content": {
                **{kind: {"schema": schemas.FILE} for kind in MEDIA_TYPES},
                "multipart/form-data": {
                    "schema": schemas.FORM_PICTURE,
                    "encoding": {FIELD: {"contentType": ", ".join(MEDIA_TYPES)}},
                },
                "application/json": {"schema": schemas.JSON_PICTURE},
            },
        },
        "responses": {
            "200": {
                "description": "The score",
                "headers": {
                    "X-Request-Id": {"$ref": "#/components/headers/RequestId"},
                    "Server-Timing": {"$ref": "#/components/headers/ServerTiming"},
                },
                "content": {
                    "application/json": {
                        "schema": {"$ref": "#/components/schemas/Quality"},
                        "example": schemas.QUALITY_EXAMPLE,
                    }
                },
            },
            **problems.responses(lambda problem: problem.code not in {*_NO_ROUTE, *_ZOO}),
        },
        "x-curl": texts.CURL,
    }


def _live() -> dict[str, Any]:
    return {
        "operationId": "live",
        "summary": "Does the process run?",
        "responses": {
            "200": _json({"status": {"const": "alive"}}, "It runs"),
            **problems.responses(_none),
        },
    }


_HEALTHY = {
    "status": {"const": "healthy"},
    "model": {"type": "string", "description": "The model behind /v1/quality."},
    "triton": {"const": "ready"},
}


def _ready(summary: str, members: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": summary.split()[0].lower(),
        "summary": f"{summary}: was a test picture scored within the last second?",
        "responses": {
            "200": _json(members, "It was"),
            **problems.responses(lambda problem: problem in _TRITON),
        },
    }


def _metrics(limits: Limits) -> dict[str, Any]:
    return {
        "operationId": "metrics",
        "summary": "Counters for Prometheus, summed over the workers",
        "security": _security("metrics", limits),
        "responses": {
            "200": _response({"text/plain": {"schema": {"type": "string"}}}, "The counters"),
            **problems.responses(lambda problem: problem.status in _ACCESS_STATUSES),
        },
    }


def _file(summary: str, kind: str, operation_id: str) -> dict[str, Any]:
    schema = {"type": "object" if kind == "application/json" else "string"}
    return {
        "operationId": operation_id,
        "summary": summary,
        "responses": {
            "200": _response({kind: {"schema": schema}}, summary),
            **problems.responses(_none),
        },
    }


def _static() -> dict[str, Any]:
    return {
        "operationId": "static",
        "summary": "What the pages load",
        "parameters": [
            {"name": "filename", "in": "path", "required": True, "schema": {"type": "string"}}
        ],
        "responses": {
            "200": _response({"*/*": {}}, "The file"),
            **problems.responses(lambda problem: problem.code == "not_found"),
        },
    }


def _security(scope: str, limits: Limits) -> list[dict[str, list[str]]]:
    key = {"bearer": [scope]}
    return [key] if limits.keys_needed else [{}, key]


def _json(members: dict[str, Any], description: str) -> dict[str, Any]:
    schema = {"type": "object", "required": list(members), "properties": members}
    return _response({"application/json": {"schema": schema}}, description)


def _response(content: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}},
        "content": content,
    }


def _none(problem: Problem) -> bool:
    return False
