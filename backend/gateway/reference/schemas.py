"""What several routes have in common, as JSON Schema and as OpenAPI's headers and parameters."""

from typing import Any

from backend.web.uploads import FIELD

REQUEST_ID = {
    "description": "The caller's own `X-Request-Id` where that was harmless, else a new id. The "
    "gateway's log has it too.",
    "schema": {"type": "string", "pattern": "^([A-Za-z0-9._-]{1,64}|-)$"},
}

HEADERS: dict[str, Any] = {
    "RequestId": REQUEST_ID,
    "RetryAfter": {
        "description": "Whole seconds to wait, where waiting helps; "
        "`retry_after_ms` of the body is exact.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "ServerTiming": {
        "description": "`timing_ms` for the browser's developer tools: `decode;dur=4.1, …`",
        "schema": {"type": "string"},
    },
    "Location": {"description": "Where it is, as a path.", "schema": {"type": "string"}},
    "PreferenceApplied": {
        "description": "`respond-async` where that was asked for.",
        "schema": {"const": "respond-async"},
    },
    "Challenge": {
        "description": '`Bearer`, with `error="invalid_token"` where a key was sent (RFC 6750).',
        "schema": {"type": "string"},
    },
    "Allow": {"description": "The methods of the route.", "schema": {"type": "string"}},
}

PARAMETERS: dict[str, Any] = {
    "RequestId": {
        "name": "X-Request-Id",
        "in": "header",
        "description": "The caller's name for this request, 1–64 of `A–Z a–z 0–9 . _ -`. "
        "Anything else is replaced by a new id.",
        "schema": {"type": "string"},
        "example": "camera-7.000123",
    },
    "RequestTimeout": {
        "name": "X-Request-Timeout-Ms",
        "in": "header",
        "description": "How long the caller waits for the answer, in milliseconds. Work is not "
        "begun when the time is up. Without it, the gateway's own limits hold.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 600_000},
        "example": 1500,
    },
}

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Why there is no other answer (RFC 9457).",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {"const": "about:blank"},
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer", "description": "As in the status line."},
        "code": {"type": "string", "description": "Stable name for programs."},
        "detail": {"type": "string", "description": "What is wrong, for people."},
        "request_id": {"type": "string", "description": "As in the header `X-Request-Id`."},
        "retry_after_ms": {
            "type": "integer",
            "minimum": 0,
            "description": "Where waiting helps, for how long.",
        },
    },
}

TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
YES_OR_NO = {"type": "boolean"}
MS = {"type": "number", "minimum": 0}
PIXELS = {"type": "integer", "minimum": 0}
REQUEST_ID_MEMBER = TEXT | {"description": "As in the header `X-Request-Id`."}
BRIEF_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "As the body of a problem.",
    "required": ["status", "code", "detail"],
    "properties": {
        "status": {"type": "integer"},
        "code": TEXT,
        "detail": TEXT,
        "retry_after_ms": COUNT,
    },
}


def members(description: str, **properties: Any) -> dict[str, Any]:
    """An object that has all of them."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "description": description,
    }


def or_null(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return schema | {"type": [schema["type"], "null"], "description": description}


def option(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    """A parameter of the query."""
    return {"name": name, "in": "query", "schema": schema, "description": description}


JSON_PICTURE: dict[str, Any] = {
    "type": "object",
    "required": [FIELD],
    "properties": {
        FIELD: {
            "type": "string",
            "format": "byte",
            "description": "A data URL, or base64 without the prefix; line breaks are fine.",
        }
    },
}

FORM_PICTURE: dict[str, Any] = {
    "type": "object",
    "required": [FIELD],
    "properties": {
        FIELD: {
            "type": "string",
            "format": "binary",
            "description": "Exactly one file, with a filename.",
        }
    },
}

FILE: dict[str, Any] = {"type": "string", "format": "binary"}

SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key of the operator, with the scope that a route asks for: `infer` "
        "to send pictures, `metrics` to read the counters, `admin` to load, unload and pin models.",
    }
}
