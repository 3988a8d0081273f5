"""Pieces of an operation that several resources are described with."""

from typing import Any

from backend.errors import FramegateError
from backend.gateway.reference import schemas
from backend.gateway.reference.limits import Limits
from backend.images import MEDIA_TYPES
from backend.web.problems import PROBLEMS
from backend.web.uploads import FIELD


def security(scope: str, limits: Limits) -> list[dict[str, list[str]]]:
    key = {"bearer": [scope]}
    return [key] if limits.keys_needed else [{}, key]


def picture_body(limits: Limits) -> dict[str, Any]:
    """A picture in each form that is read."""
    return {
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
    }


def json_response(
    schema: dict[str, Any], description: str, example: object = None
) -> dict[str, Any]:
    media = {"schema": schema} | ({} if example is None else {"example": example})
    return response({"application/json": media}, description)


def response(content: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}},
        "content": content,
    }


def parameters(*names: str) -> list[dict[str, str]]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def codes(*kinds: type[FramegateError]) -> set[str]:
    """The codes of all problems of these types."""
    return {problem.code for kind, problem in PROBLEMS.items() if issubclass(kind, kinds)}
