"""The parameter and the answer of /v1/quality, as JSON Schema."""

from typing import Any

from backend.gateway.quality import FACE_MODES
from backend.gateway.quality_model import MEASURING_MODEL
from backend.gateway.reasons import REASONS
from backend.gateway.reference.schemas import MS, PIXELS, members

PARAMETERS: dict[str, Any] = {
    "Face": {
        "name": "face",
        "in": "query",
        "description": "`auto` finds the largest frontal face and scores it with what is close "
        "round it; a picture without one has a null score. `none` scores the picture's centre.",
        "schema": {"enum": list(FACE_MODES), "default": FACE_MODES[0]},
    },
}

_SHARE = {"type": ["number", "null"], "minimum": 0, "maximum": 1}

_BOX = members(
    "The largest face, in pixels of the upright picture; null where there is none.",
    x=PIXELS,
    y=PIXELS,
    width=PIXELS,
    height=PIXELS,
)

_MODEL = members(
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
    bands=members(
        "Where this variant's scores begin to be fair, and good.",
        fair={"type": "number"},
        good={"type": "number"},
    ),
)

QUALITY: dict[str, Any] = members(
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
    picture=members("As it was sent, upright.", width=PIXELS, height=PIXELS),
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
            "decode": MS | {"description": "File to pixels."},
            "detect": MS | {"description": "The look for faces, with `face=auto`."},
            "preprocess": MS | {"description": "Pixels to the model's size."},
            "triton": MS | {"description": "The way to Triton, its queue and the models."},
            "total": MS | {"description": "In the gateway, the arrival of the body included."},
        },
        "description": "Milliseconds; a remembered answer has only `total`.",
    },
    request_id={"type": "string", "description": "As in the header `X-Request-Id`."},
)
QUALITY["properties"]["face"] = members(
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
