"""The parameters and answers of clips and jobs, as JSON Schema."""

from typing import Any

from backend.gateway.clips import LATER
from backend.gateway.reference.schemas import (
    BRIEF_PROBLEM,
    COUNT,
    FILE,
    PIXELS,
    REQUEST_ID_MEMBER,
    TEXT,
    YES_OR_NO,
    members,
    option,
    or_null,
)
from backend.gateway.reference.schemas_zoo import ANSWERED_BY, RESULT
from backend.gateway.zoo import NAME_PATTERN
from backend.gateway.zoo_answer import ID_PATTERN

SOURCES = ("mp4", "webm", "mjpeg", "pictures")
KINDS = ("decode", "best_shot", "infer")
STATES = ("queued", "running", "done", "failed", "cancelled")
BANDS = ("good", "fair", "poor")

_ID = {"type": "string", "pattern": f"^{ID_PATTERN}$"}
_BYTES = {"type": "integer", "minimum": 0}
_SECONDS = {"type": "number", "minimum": 0}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_NAME = {"type": "string", "pattern": f"^{NAME_PATTERN}$"}


def _in_path(name: str, schema: dict[str, Any], description: str, example: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
        "example": example,
    }


PARAMETERS: dict[str, Any] = {
    "ClipId": _in_path("clip_id", _ID, "As the upload told it.", "aCWz-ek37kaFg4_pT0bKRg"),
    "JobId": _in_path("job_id", _ID, "As the job told it.", "q0Zt5nZ0c1m9VvFCyPn0vA"),
    "Frame": _in_path(
        "frame",
        {"type": "integer", "minimum": 0, "maximum": 999_999},
        "Its number in the clip, from 0.",
        12,
    ),
    "FrameWidth": option(
        "width",
        {"type": "integer", "minimum": 16, "maximum": 4096},
        "Scale the frame down to so many pixels; it is never scaled up.",
    ),
    "SamplingFps": option(
        "fps",
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1000},
        "Frames to keep of each second of a video. Of pictures, all of which are kept: how many "
        "were taken in a second, 2 by default.",
    ),
    "SamplingFrames": option(
        "frames",
        {"type": "integer", "minimum": 1},
        "Frames to keep, evenly over a video: 32 by default. Not together with `fps`, and not for "
        "pictures.",
    ),
    "Top": option(
        "top",
        {"type": "integer", "minimum": 1, "maximum": 100, "default": 3},
        "How many frames to choose.",
    ),
    "Distance": option(
        "distance_s",
        {"type": "number", "minimum": 0, "maximum": 3600, "default": 0.5},
        "Seconds that chosen frames are at least apart.",
    ),
    "ClipFace": option(
        "face",
        {"enum": ["auto"]},
        "`auto` scores the largest face of each frame; a frame without one has no score and is "
        "not chosen. Without it the square in the middle is scored.",
    ),
    "AskedModel": option("model", _NAME, "A model of the zoo.")
    | {"required": True, "example": "yolo11-face"},
    "AskedFrames": option(
        "frames",
        {"type": "string", "pattern": "^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$"},
        "Numbers and ranges by commas, as `0,4,8-12`; all by default.",
    ),
    "Detector": option(
        "detector",
        _NAME,
        "A model that finds boxes; what is in them is cut out of each frame and asked about too.",
    ),
    "MaxDetections": option(
        "max_detections",
        {"type": "integer", "minimum": 1, "maximum": 50, "default": 5},
        "Boxes of each frame to ask about, the most certain first.",
    ),
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "description": f"`{LATER}` (RFC 7240): do not wait, answer with the job at once.",
        "schema": TEXT,
        "example": LATER,
    },
}

FORM_CLIP: dict[str, Any] = {
    "type": "object",
    "properties": {
        "video": FILE | {"description": "One video."},
        "image": {
            "type": "array",
            "items": FILE,
            "minItems": 1,
            "description": "Or several pictures, in the order they were taken.",
        },
    },
    "oneOf": [{"required": ["video"]}, {"required": ["image"]}],
}

_KEPT: dict[str, Any] = {
    "id": _ID,
    "source": {"enum": list(SOURCES), "description": "What it was made from."},
    "frames": COUNT | {"description": "How many are kept."},
    "width": PIXELS,
    "height": PIXELS,
    "size_bytes": _BYTES | {"description": "Of the frames in memory: 3 a pixel."},
    "idle_s": _SECONDS | {"description": "Since its last use."},
    "expires_in_s": _SECONDS
    | {"description": "Until it goes if it is not used; it goes sooner where room is needed."},
}
_SHOT = members(
    "A chosen frame.",
    frame=COUNT | {"description": "Its number."},
    time_s=_SECONDS,
    score=_SHARE,
    band={"enum": list(BANDS), "description": "The score in a word."},
)
_SCORER = members(
    "What scored.",
    name=TEXT,
    version=TEXT | {"description": "In Triton."},
    variant=TEXT | {"description": "Which scorer or weights it has."},
    random_weights=YES_OR_NO
    | {"description": "The weights were drawn, not learned: the scores say nothing."},
)
_NUMBER = {"type": "number"}
_DETECTION = members(
    "A box, and what the model says about what is in it.",
    label=TEXT,
    score=_SHARE,
    box=members("In pixels of the frame.", x=_NUMBER, y=_NUMBER, width=_NUMBER, height=_NUMBER),
    result=RESULT,
)
_ANSWER = members(
    "What was found in one frame, or by an action model in all of them together.",
    frames={"type": "array", "items": COUNT, "description": "Their numbers."},
    times_s={"type": "array", "items": _SECONDS},
    result=RESULT,
)
_ANSWER["properties"]["detections"] = {
    "type": "array",
    "items": _DETECTION,
    "description": "With a detector only: its boxes, the most certain first.",
}

SCHEMAS: dict[str, Any] = {
    "Clip": members(
        "Frames that are kept.",
        **_KEPT,
        times_s={
            "type": "array",
            "items": _SECONDS,
            "description": "Of each frame, from the start of the file on.",
        },
        request_id=REQUEST_ID_MEMBER,
    ),
    "Clips": members(
        "The caller's own clips.",
        clips={
            "type": "array",
            "items": members("A clip.", **_KEPT),
            "description": "What was used last is first.",
        },
        used_bytes=_BYTES | {"description": "Of frames and results."},
        quota_bytes=_BYTES | {"description": "What the caller may keep at once."},
        clips_allowed=COUNT | {"description": "And so many."},
        request_id=REQUEST_ID_MEMBER,
    ),
    "BestShots": members(
        "The best frames of a clip.",
        clip=_ID,
        model=_SCORER,
        shots={"type": "array", "items": _SHOT, "description": "The best first."},
        scores={
            "type": "array",
            "items": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
            "description": "Of every frame; null where there was no face to score.",
        },
        request_id=REQUEST_ID_MEMBER,
    ),
    "ClipAnswers": members(
        "What a model says about the frames of a clip.",
        clip=_ID,
        model=ANSWERED_BY,
        detector=or_null(ANSWERED_BY, "What found the boxes; null where none was named."),
        answers={"type": "array", "items": _ANSWER, "description": "In the order of the frames."},
        request_id=REQUEST_ID_MEMBER,
    ),
    "Job": members(
        "Work that goes on whether anybody waits for it or not.",
        id=_ID,
        kind={"enum": list(KINDS)},
        state={"enum": list(STATES)},
        clip=or_null(_ID, "The clip it is about; null where that is not kept yet."),
        done=COUNT | {"description": "Frames that are done."},
        of=or_null(COUNT, "Frames in all; null where that is not known yet."),
        percent=or_null({"type": "number", "minimum": 0, "maximum": 100}, "The same in percent."),
        elapsed_s=_SECONDS | {"description": "Since it began."},
        eta_s=or_null(_SECONDS, "Until it is done, as it has gone so far."),
        result=or_null(
            {"type": "object"},
            "Once it is done: a Clip, BestShots or ClipAnswers, without `request_id`.",
        ),
        problem=or_null(BRIEF_PROBLEM, "Once it has failed: why."),
        request_id=REQUEST_ID_MEMBER,
    ),
}
