"""/v1/quality in the OpenAPI document."""

from typing import Any

from backend.errors import (
    ClipRefused,
    JobCancelled,
    JobNotFound,
    ModelDisabled,
    NoRoomForClip,
    UnknownModel,
    ZooError,
)
from backend.gateway.reference import parts, problems, schemas_quality, texts
from backend.gateway.reference.limits import Limits

_NO_ROUTE = {"not_found", "method_not_allowed"}
_ZOO = parts.codes(UnknownModel, ModelDisabled, ZooError)
_CLIPS = parts.codes(ClipRefused, JobNotFound, JobCancelled, NoRoomForClip)


def paths(limits: Limits) -> dict[str, Any]:
    return {"/v1/quality": {"post": _quality(limits)}}


def _quality(limits: Limits) -> dict[str, Any]:
    answer = parts.json_response(
        parts.schema("Quality"), "The score", schemas_quality.QUALITY_EXAMPLE
    )
    answer["headers"]["Server-Timing"] = {"$ref": "#/components/headers/ServerTiming"}
    return {
        "operationId": "scoreQuality",
        "summary": "Score one picture",
        "description": texts.PICTURE_RULES,
        "security": parts.security("infer", limits),
        "parameters": parts.parameters("Face", "RequestId", "RequestTimeout"),
        "requestBody": parts.picture_body(limits),
        "responses": {
            "200": answer,
            **problems.responses(lambda problem: problem.code not in _NO_ROUTE | _ZOO | _CLIPS),
        },
        "x-curl": texts.CURL,
    }
