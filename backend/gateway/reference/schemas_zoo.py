"""The parameters and answers of the model zoo, as JSON Schema.

What a model finds depends on its task: `answer_schema` of the model says it.
"""

from typing import Any

from backend.gateway.reference.schemas import (
    BRIEF_PROBLEM,
    COUNT,
    MS,
    PIXELS,
    REQUEST_ID_MEMBER,
    TEXT,
    YES_OR_NO,
    members,
    option,
    or_null,
)
from backend.gateway.zoo import NAME_PATTERN

_MB = {"type": "number", "minimum": 0}
_TEXTS = {"type": "array", "items": TEXT}
_NAMES = {"type": "array", "items": {"type": "string", "pattern": f"^{NAME_PATTERN}$"}}

TASKS = (
    "action", "classification", "depth", "detection", "embedding",
    "ocr", "open_vocabulary", "pose", "quality", "segmentation",
)  # fmt: skip
PRIORITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW")
STATES = (
    "absent", "loading", "ready", "draining", "unloading", "verifying", "failed", "stuck",
)  # fmt: skip


_RATIO = {"type": "number", "minimum": 0, "maximum": 1}

PARAMETERS: dict[str, Any] = {
    "ModelName": {
        "name": "name",
        "in": "path",
        "required": True,
        "description": "A model of the zoo, as the list names it.",
        "schema": {"type": "string", "pattern": f"^{NAME_PATTERN}$"},
        "example": "yolo11-face",
    },
    "Models": {
        "name": "models",
        "in": "query",
        "required": True,
        "style": "form",
        "explode": False,
        "description": "Which models to ask, by commas.",
        "schema": _NAMES | {"minItems": 1},
        "example": ["yolo11-face", "vitpose-small"],
    },
    "Prompt": {
        **option(
            "prompt",
            _TEXTS,
            "A text for a model that takes text; repeat it for several. "
            "Without any, those of the catalogue.",
        ),
        "style": "form",
        "explode": True,
    },
    "ScoreThreshold": option(
        "score_threshold", _RATIO | {"default": 0.25}, "What is less certain is left out."
    ),
    "OverlapThreshold": option(
        "overlap_threshold",
        _RATIO | {"default": 0.45},
        "Two boxes of one class that share more of their union are one object.",
    ),
    "MaxObjects": option(
        "max_objects",
        {"type": "integer", "minimum": 1, "default": 100},
        "Objects in an answer, the most certain first.",
    ),
    "MaxClasses": option(
        "max_classes",
        {"type": "integer", "minimum": 1, "default": 5},
        "Classes in an answer, the most likely first.",
    ),
}

_MODEL: dict[str, Any] = {
    "name": TEXT,
    "category": TEXT | {"description": "What it is for, in a word."},
    "task": {"enum": list(TASKS), "description": "What its answers look like."},
    "priority": {"enum": list(PRIORITIES), "description": "The first is evicted last."},
    "purpose": TEXT | {"description": "What it is for, in a sentence."},
    "enabled": YES_OR_NO | {"description": "Whether it may be asked."},
    "available": YES_OR_NO | {"description": "Its files are there and it has loaded once."},
    "state": {"enum": list(STATES), "description": "`ready` answers at once."},
    "leases": COUNT | {"description": "Requests that it is working on."},
    "waiting": COUNT | {"description": "Requests that wait until it is loaded."},
    "pinned": YES_OR_NO | {"description": "It is never evicted."},
    "estimate_mb": _MB | {"description": "What the catalogue says it needs."},
    "size_mb": _MB | {"description": "What is counted on: the larger of estimate and measure."},
    "measured_mb": or_null(_MB, "The most it was seen to hold; null before its first load."),
    "charged_mb": _MB | {"description": "Of the budget, now."},
    "quarantined_mb": _MB | {"description": "Not come back after an unload; still charged."},
    "load_s": or_null({"type": "number", "minimum": 0}, "Measured; null before its first load."),
    "idle_s": or_null({"type": "number", "minimum": 0}, "Since its last use, while loaded."),
    "failures": COUNT | {"description": "Loads that failed in a row."},
    "reason": or_null(TEXT, "Why the last load failed, in Triton's words."),
    "retry_after_s": or_null({"type": "number", "minimum": 0}, "Until it is tried again."),
}

_TIMING = {
    "type": "object",
    "description": "Milliseconds.",
    "required": ["total"],
    "properties": {
        "decode": MS | {"description": "File to pixels."},
        "wait": MS | {"description": "Until the model was loaded."},
        "preprocess": MS | {"description": "Pixels to the model's input."},
        "infer": MS | {"description": "In Triton, and the way there."},
        "postprocess": MS | {"description": "The model's output to the answer."},
        "total": MS,
    },
}
_PICTURE = members("As it was sent, upright.", width=PIXELS, height=PIXELS)
RESULT = {
    "type": "object",
    "required": ["task"],
    "properties": {"task": {"enum": list(TASKS)}},
    "description": "What the model found, as `answer_schema` of the model describes it.",
}
ANSWERED_BY = members(
    "What answered.",
    name=TEXT,
    version=TEXT | {"description": "In Triton."},
    weights=TEXT
    | {
        "description": "`sha256:` and the digest of the file of weights, or `stand-in`: the "
        "network was drawn, not learned, and the result says nothing of the picture."
    },
)
SCHEMAS: dict[str, Any] = {
    "Inference": members(
        "One model's answer.",
        model=ANSWERED_BY,
        result=RESULT,
        picture=_PICTURE,
        timing_ms=_TIMING,
        request_id=REQUEST_ID_MEMBER,
    ),
    "Enrichment": members(
        "The answers of several models to one picture.",
        picture=_PICTURE,
        models={
            "type": "object",
            "description": "By name: `model`, `result` and `timing_ms` as of one model, or "
            "`problem` with `status`, `code`, `detail` and, where waiting helps, `retry_after_ms`.",
            "additionalProperties": {
                "anyOf": [
                    members("An answer.", model=ANSWERED_BY, result=RESULT, timing_ms=_TIMING),
                    members(
                        "Why there is none.",
                        problem=BRIEF_PROBLEM,
                    ),
                ]
            },
        },
        timing_ms=members("Milliseconds.", decode=MS, total=MS),
        request_id=REQUEST_ID_MEMBER,
    ),
    "Models": members(
        "The zoo as it is now. A megabyte is 2²⁰ bytes.",
        memory_kind={
            "enum": ["gpu", "host"],
            "description": "Which memory the budget counts: without a GPU, the host's.",
        },
        vram_budget_mb=_MB | {"description": "What all models together may hold."},
        vram_used_mb=_MB,
        vram_available_mb=_MB,
        vram_utilization_percent={"type": "number", "minimum": 0},
        quarantined_mb=_MB | {"description": "Of what is used: did not come back after unloads."},
        loaded_models={
            "type": "array",
            "items": members(
                "A loaded model.",
                name=TEXT,
                vram_mb=_MB,
                priority={"enum": list(PRIORITIES)},
                last_used=TEXT | {"format": "date-time"},
            ),
            "description": "What answers at once.",
        },
        registered_models={
            "type": "array",
            "items": {"$ref": "#/components/schemas/Model"},
            "description": "Every model of the catalogue.",
        },
        pending_loads=_NAMES | {"description": "Models that wait for room, the oldest first."},
        triton=or_null(TEXT, "Why Triton cannot be reached; null while it can."),
        restart_advised=YES_OR_NO
        | {"description": "So much memory did not come back that only a restart frees it."},
    ),
    "Model": members("A model of the catalogue and what has become of it.", **_MODEL),
    "ModelDetails": members(
        "A model of the catalogue, what has become of it, and how it is asked.",
        **_MODEL,
        source=TEXT | {"description": "Where its weights come from."},
        license=TEXT | {"description": "Of the weights."},
        input={"type": "object", "description": "The tensor that the picture becomes."},
        outputs={"type": "array", "items": {"type": "object"}, "description": "Its tensors."},
        labels=_TEXTS | {"description": "Of its classes or keypoints."},
        prompts=_TEXTS | {"description": "What it is asked with unless the request says."},
        note=TEXT,
        answer_schema={"type": "object", "description": "JSON Schema of its `result`."},
    ),
    "Plan": members(
        "What loading a model would mean now.",
        name=TEXT,
        state={"enum": list(STATES)},
        evicts=_NAMES | {"description": "Models that would go, the first to go first."},
        expected_s=or_null(
            {"type": "number", "minimum": 0}, "Until it answers; null where nothing was measured."
        ),
        why_not=or_null(TEXT, "Why it cannot be loaded; null where it can."),
    ),
}
