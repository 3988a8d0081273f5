"""The gateway's interface as an OpenAPI 3.1 document, with the limits of this very gateway."""

from typing import Any

from backend import __version__
from backend.gateway.reference import (
    limits,
    paths_clips,
    paths_quality,
    paths_service,
    paths_zoo,
    problems,
    schemas,
    schemas_clips,
    schemas_quality,
    schemas_zoo,
)
from backend.gateway.reference.limits import Limits

_COMPONENTS = {
    "schemas": {
        "Quality": schemas_quality.QUALITY,
        **schemas_zoo.SCHEMAS,
        **schemas_clips.SCHEMAS,
        "Problem": schemas.PROBLEM,
    },
    "headers": schemas.HEADERS,
    "parameters": {
        **schemas.PARAMETERS,
        **schemas_quality.PARAMETERS,
        **schemas_zoo.PARAMETERS,
        **schemas_clips.PARAMETERS,
    },
    "securitySchemes": schemas.SECURITY_SCHEMES,
}


def document(settings: Limits) -> dict[str, Any]:
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
            **paths_quality.paths(settings),
            **paths_zoo.paths(settings),
            **paths_clips.paths(settings),
            **paths_service.paths(settings),
        },
        "components": _COMPONENTS,
        "x-limits": limits.rows(settings),
        "x-problems": problems.rows(),
    }
