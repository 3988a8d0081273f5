"""What goes in and comes out, as JSON Schema; OpenAPI's `components`."""

from typing import Any

from backend.gateway.quality import FACE_MODES
from backend.gateway.quality_model import MEASURING_MODEL
from backend.gateway.reasons import REASONS
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
    "Face": {
        "name": "face",
        "in": "query",
        "description": "`auto` finds the largest frontal face and scores it with what is close "
        "round it; a picture without one has a null score. `none` scores the picture's centre.",
        "schema": {"enum": list(FACE_MODES), "default": FACE_MODES[0]},
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

_MS = {"type": "number", "minimum": 0}

_PIXELS = {"type": "integer", "minimum": 0}
_SHARE = {"type": ["number", "null"], "minimum": 0, "maximum": 1}


def _members(description: str, **properties: Any) -> dict[str, Any]:
    """An object that has all of them."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "description": description,
    }


_BOX = _members(
    "The largest face, in pixels of the upright picture; null where there is none.",
    x=_PIXELS,
    y=_PIXELS,
    width=_PIXELS,
    height=_PIXELS,
)

_MODEL = _members(
    "What scored, or would have.",
    name={"type": "string", "description": "The model in Triton."},
    version={
        "type": ["string", "null"],
        "description": "Its version in Triton; null where it has not been asked yet.",
    },
    variant={"type": "string", "description": "Which scorer or weights it has."},
    weights_sha256={
        "type": ["string", "null"],
        "description": "Digest of its file of weights; null where it has none.",
    },
    random_weights={
        "type": "boolean",
        "description": "The weights were drawn, not learned: the score says nothing.",
    },
    bands=_members(
        "Where this variant's scores begin to be fair, and good.",
        fair={"type": "number"},
        good={"type": "number"},
    ),
)

QUALITY: dict[str, Any] = _members(
    "One answer.",
    score=_SHARE
    | {"description": "Quality, higher is better; null where `face=auto` found no face."},
    raw_score={
        "type": ["number", "null"],
        "description": "What the model said before it was clipped to 0–1.",
    },
    band={
        "enum": ["good", "fair", "poor", None],
        "description": "The score in a word, by the bands of the model's variant.",
    },
    reasons={
        "type": "array",
        "items": {"enum": list(REASONS)},
        "description": "What is wrong with the picture, the most important first.",
    },
    picture=_members("As it was sent, upright.", width=_PIXELS, height=_PIXELS),
    measures={
        "type": "object",
        "additionalProperties": {"type": "number", "minimum": 0, "maximum": 100},
        "description": f"What the reasons come from, by `{MEASURING_MODEL}` whichever model "
        "scores: 0–100 each, higher is better. With a face also `face_size`, `face_position` and "
        "`single_face`.",
    },
    model=_MODEL,
    cached={
        "type": "boolean",
        "description": "Whether the answer was remembered from the same file.",
    },
    timing_ms={
        "type": "object",
        "required": ["total"],
        "properties": {
            "decode": _MS | {"description": "File to pixels."},
            "detect": _MS | {"description": "The look for faces, with `face=auto`."},
            "preprocess": _MS | {"description": "Pixels to the model's size."},
            "triton": _MS | {"description": "The way to Triton, its queue and the models."},
            "total": _MS | {"description": "In the gateway, the arrival of the body included."},
        },
        "description": "Milliseconds; a remembered answer has only `total`.",
    },
    request_id={"type": "string", "description": "As in the header `X-Request-Id`."},
)
QUALITY["properties"]["face"] = _members(
    "With `face=auto` only: what the look for faces found.",
    count={"type": "integer", "minimum": 0, "description": "How many faces there are."},
    box=_BOX | {"type": ["object", "null"]},
)

QUALITY_EXAMPLE = {
    "score": 0.845,
    "raw_score": 0.845,
    "band": "good",
    "reasons": ["move_closer"],
    "face": {"count": 1, "box": {"x": 548, "y": 162, "width": 140, "height": 140}},
    "picture": {"width": 1280, "height": 720},
    "measures": {"luminance_mean": 79.7, "sharpness": 91.6, "noise": 99.6, "face_size": 42.0},
    "model": {
        "name": "capture_quality",
        "version": "1",
        "variant": "measures-v1",
        "weights_sha256": None,
        "random_weights": False,
        "bands": {"fair": 0.35, "good": 0.6},
    },
    "cached": False,
    "timing_ms": {"decode": 11.0, "detect": 3.1, "preprocess": 0.7, "triton": 3.9, "total": 19.6},
    "request_id": "camera-7.000123",
}

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

COMPONENTS: dict[str, Any] = {
    "schemas": {"Quality": QUALITY, "Problem": PROBLEM},
    "headers": HEADERS,
    "parameters": PARAMETERS,
    "securitySchemes": {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key of the operator, with the scope that a route asks for: `infer` "
            "to have pictures scored, `metrics` to read the counters, `admin`.",
        }
    },
}
