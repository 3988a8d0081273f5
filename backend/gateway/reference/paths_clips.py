"""The routes of clips and jobs in the OpenAPI document."""

from typing import Any

from backend.errors import (
    AnimatedPicture,
    ClipNotFound,
    ClipRefused,
    ClipTooLarge,
    DeadlineExceeded,
    Denied,
    EnrichmentUnavailable,
    FrameNotFound,
    JobCancelled,
    JobNotFound,
    MalformedRequest,
    ModelDisabled,
    NoRoomForClip,
    Overloaded,
    PictureTooLarge,
    PictureTooSmall,
    SlowBody,
    TritonError,
    UndecodablePicture,
    UnknownModel,
    UnsupportedEncoding,
    UnsupportedPicture,
    ZooError,
)
from backend.gateway.clip_upload import FORM, MEDIA_TYPES
from backend.gateway.reference import examples_clips, parts, problems, schemas, texts_clips
from backend.gateway.reference.limits import Limits
from backend.gateway.reference.schemas_clips import FORM_CLIP
from backend.images import MEDIA_TYPES as PICTURE_TYPES

_EVERY = parts.codes(Denied, MalformedRequest, Overloaded, DeadlineExceeded, EnrichmentUnavailable)
_CLIP = {*parts.codes(ClipNotFound), "not_found"}
_FRAME = parts.codes(FrameNotFound)
_JOB = {*parts.codes(JobNotFound), "not_found"}
_PICTURES = parts.codes(
    UnsupportedPicture, UndecodablePicture, PictureTooLarge, PictureTooSmall, AnimatedPicture
)
_UPLOAD = {
    *parts.codes(ClipRefused, NoRoomForClip, SlowBody, UnsupportedEncoding, JobCancelled),
    *_PICTURES,
    "request_entity_too_large",
} - parts.codes(ClipNotFound, FrameNotFound)
_SCORES = parts.codes(TritonError, JobCancelled)
_MODELS = parts.codes(ModelDisabled, ZooError, TritonError, JobCancelled) - {"random_weights"}
_QUESTION = parts.codes(UnknownModel, ClipTooLarge)
_HEADERS = ("RequestId", "RequestTimeout")
_OPTIONS = ("Prompt", "ScoreThreshold", "OverlapThreshold", "MaxObjects", "MaxClasses")


def paths(limits: Limits) -> dict[str, Any]:
    clip = "/v1/clips/{clip_id}"
    return {
        "/v1/clips": {"post": _upload(limits), "get": _list(limits)},
        clip: {"get": _describe(limits), "delete": _delete(limits)},
        f"{clip}/frames/{{frame}}.jpg": {"get": _frame(limits)},
        f"{clip}/best-shot": {"post": _best_shot(limits)},
        f"{clip}/infer": {"post": _infer(limits)},
        "/v1/jobs/{job_id}": {"get": _job(limits), "delete": _cancel(limits)},
    }


def _upload(limits: Limits) -> dict[str, Any]:
    created = parts.json_response(parts.schema("Clip"), "The clip", examples_clips.CLIP)
    created["headers"]["Location"] = {"$ref": "#/components/headers/Location"}
    return {
        "operationId": "keepClip",
        "summary": "Keep a video, or several pictures, as frames",
        "description": texts_clips.UPLOAD,
        "security": parts.security("infer", limits),
        "parameters": parts.parameters("SamplingFps", "SamplingFrames", "Prefer", *_HEADERS),
        "requestBody": {
            "required": True,
            "description": f"One video, or several pictures in a form: at most "
            f"{limits.max_clip_bytes:,} bytes, within {limits.clip_upload_timeout_s:g} s.",
            "content": {
                **{kind: {"schema": schemas.FILE} for kind in MEDIA_TYPES},
                FORM: {
                    "schema": FORM_CLIP,
                    "encoding": {
                        "video": {"contentType": ", ".join(MEDIA_TYPES)},
                        "image": {"contentType": ", ".join(PICTURE_TYPES)},
                    },
                },
            },
        },
        "responses": {"201": created, "202": _accepted(), **_problems(_EVERY | _UPLOAD)},
        "x-curl": texts_clips.CURL_UPLOAD,
    }


def _list(limits: Limits) -> dict[str, Any]:
    return {
        "operationId": "listClips",
        "summary": "The clips that are kept for the caller",
        "security": parts.security("infer", limits),
        "parameters": parts.parameters(*_HEADERS),
        "responses": {
            "200": parts.json_response(parts.schema("Clips"), "The clips", examples_clips.CLIPS),
            **_problems(_EVERY),
        },
        "x-curl": texts_clips.CURL_LIST,
    }


def _describe(limits: Limits) -> dict[str, Any]:
    return {
        "operationId": "describeClip",
        "summary": "One clip",
        "security": parts.security("infer", limits),
        "parameters": parts.parameters("ClipId", *_HEADERS),
        "responses": {
            "200": parts.json_response(parts.schema("Clip"), "The clip"),
            **_problems(_EVERY | _CLIP),
        },
        "x-curl": texts_clips.CURL_CLIP,
    }


def _delete(limits: Limits) -> dict[str, Any]:
    return {
        "operationId": "deleteClip",
        "summary": "Forget a clip",
        "description": "What models said about it is forgotten with it.",
        "security": parts.security("infer", limits),
        "parameters": parts.parameters("ClipId", *_HEADERS),
        "responses": {
            "204": parts.response({}, "It is gone"),
            **_problems(_EVERY | _CLIP),
        },
        "x-curl": texts_clips.CURL_DELETE,
    }


def _frame(limits: Limits) -> dict[str, Any]:
    return {
        "operationId": "showFrame",
        "summary": "One frame as a JPEG",
        "security": parts.security("infer", limits),
        "parameters": parts.parameters("ClipId", "Frame", "FrameWidth", *_HEADERS),
        "responses": {
            "200": parts.response({"image/jpeg": {"schema": schemas.FILE}}, "The frame"),
            **_problems(_EVERY | _CLIP | _FRAME),
        },
        "x-curl": texts_clips.CURL_FRAME,
    }


def _best_shot(limits: Limits) -> dict[str, Any]:
    return {
        "operationId": "bestShot",
        "summary": "The best frames of a clip",
        "description": texts_clips.BEST_SHOT,
        "security": parts.security("infer", limits),
        "parameters": parts.parameters(
            "ClipId", "Top", "Distance", "ClipFace", "Prefer", *_HEADERS
        ),
        "responses": {
            "200": parts.json_response(
                parts.schema("BestShots"), "The best frames", examples_clips.BEST_SHOTS
            ),
            "202": _accepted(),
            **_problems(_EVERY | _CLIP | _SCORES),
        },
        "x-curl": texts_clips.CURL_BEST_SHOT,
    }


def _infer(limits: Limits) -> dict[str, Any]:
    about = ("ClipId", "AskedModel", "AskedFrames", "Detector", "MaxDetections")
    return {
        "operationId": "inferClip",
        "summary": "Ask one model of the zoo about the frames of a clip",
        "description": texts_clips.INFER,
        "security": parts.security("infer", limits),
        "parameters": parts.parameters(*about, *_OPTIONS, "Prefer", *_HEADERS),
        "responses": {
            "200": parts.json_response(
                parts.schema("ClipAnswers"), "What it found", examples_clips.ANSWERS
            ),
            "202": _accepted(),
            **_problems(
                _EVERY | _CLIP | _FRAME | _MODELS | parts.codes(UnknownModel, ClipTooLarge)
            ),
        },
        "x-curl": texts_clips.CURL_INFER,
    }


def _job(limits: Limits) -> dict[str, Any]:
    return {
        "operationId": "describeJob",
        "summary": "How far a job is, and in the end its result",
        "security": parts.security("infer", limits),
        "parameters": parts.parameters("JobId", *_HEADERS),
        "responses": {
            "200": parts.json_response(parts.schema("Job"), "The job", examples_clips.JOB),
            **_problems(_EVERY | _JOB),
        },
        "x-curl": texts_clips.CURL_JOB,
    }


def _cancel(limits: Limits) -> dict[str, Any]:
    return {
        "operationId": "cancelJob",
        "summary": "Cancel a job",
        "description": "What has ended already stays as it is. Whoever waits for the job is "
        "answered with `job_cancelled`, and nothing of it is kept.",
        "security": parts.security("infer", limits),
        "parameters": parts.parameters("JobId", *_HEADERS),
        "responses": {
            "200": parts.json_response(parts.schema("Job"), "The job as it is afterwards"),
            **_problems(_EVERY | _JOB),
        },
        "x-curl": texts_clips.CURL_CANCEL,
    }


def _accepted() -> dict[str, Any]:
    answer = parts.json_response(parts.schema("Job"), "The job that goes on")
    answer["headers"] |= {
        "Location": {"$ref": "#/components/headers/Location"},
        "Preference-Applied": {"$ref": "#/components/headers/PreferenceApplied"},
    }
    return answer


def _problems(codes: set[str]) -> dict[str, Any]:
    return problems.responses(lambda problem: problem.code in codes)
