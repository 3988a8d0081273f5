"""Probes, counters, this document and the pages, in the OpenAPI document."""

from collections.abc import Collection
from typing import Any

from backend.errors import Draining, TritonError
from backend.gateway.reference import parts, problems, schemas
from backend.gateway.reference.limits import Limits
from backend.web.problems import Problem

# Those of keys and rates, which every route with a scope can answer.
_ACCESS_STATUSES = (401, 403, 429)
_TRITON = parts.codes(TritonError)
_DRAINING = parts.codes(Draining)
_READY = {"status": {"const": "ready"}}
_HEALTHY = {
    "status": {"const": "healthy"},
    "model": {"type": "string", "description": "The model behind /v1/quality."},
    "triton": {"const": "ready"},
}


def paths(limits: Limits) -> dict[str, Any]:
    return {
        "/health/live": {"get": _live()},
        "/health/ready": {"get": _ready("Ready to score", _READY, _TRITON | _DRAINING)},
        "/health": {"get": _ready("Healthy", _HEALTHY, _TRITON)},
        "/metrics": {"get": _metrics(limits)},
        "/openapi.json": {"get": _file("This document", "application/json", "openapi")},
        "/docs": {"get": _file("This document for people", "text/html", "docs")},
        "/": {"get": _file("The camera page", "text/html", "cameraPage")},
        "/clips": {"get": _file("The page for clips", "text/html", "clipsPage")},
        "/static/{filename}": {"get": _static()},
    }


def _live() -> dict[str, Any]:
    return {
        "operationId": "live",
        "summary": "Does the process run?",
        "responses": {
            "200": _probe({"status": {"const": "alive"}}, "It runs"),
            **problems.responses(_none),
        },
    }


def _ready(summary: str, members: dict[str, Any], codes: Collection[str]) -> dict[str, Any]:
    return {
        "operationId": summary.split()[0].lower(),
        "summary": f"{summary}: was a test picture scored within the last second?",
        "responses": {
            "200": _probe(members, "It was"),
            **problems.responses(lambda problem: problem.code in codes),
        },
    }


def _metrics(limits: Limits) -> dict[str, Any]:
    return {
        "operationId": "metrics",
        "summary": "Counters for Prometheus, summed over the workers",
        "security": parts.security("metrics", limits),
        "responses": {
            "200": parts.response({"text/plain": {"schema": {"type": "string"}}}, "The counters"),
            **problems.responses(lambda problem: problem.status in _ACCESS_STATUSES),
        },
    }


def _file(summary: str, kind: str, operation_id: str) -> dict[str, Any]:
    schema = {"type": "object" if kind == "application/json" else "string"}
    return {
        "operationId": operation_id,
        "summary": summary,
        "responses": {
            "200": parts.response({kind: {"schema": schema}}, summary),
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
            "200": parts.response({"*/*": {}}, "The file"),
            **problems.responses(lambda problem: problem.code == "not_found"),
        },
    }


def _probe(members: dict[str, Any], description: str) -> dict[str, Any]:
    return parts.json_response(schemas.members(description, **members), description)


def _none(problem: Problem) -> bool:
    return False
