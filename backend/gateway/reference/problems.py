"""The problems a caller can meet, out of the table that makes them, with what to do about each."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from backend.web.problems import PROBLEMS, Problem

# What werkzeug's own errors and unknown ones become.
FROM_THE_FRAMEWORK = (
    Problem(404, "not_found"),
    Problem(405, "method_not_allowed"),
    Problem(413, "request_entity_too_large"),
    Problem(500, "internal_error"),
)
ALL = sorted((*PROBLEMS.values(), *FROM_THE_FRAMEWORK), key=lambda problem: problem.status)

WHAT_TO_DO = {
    "malformed_request": "Send what the route asks for; `detail` says what is wrong.",
    "unauthenticated": "Send a known key: `Authorization: Bearer <key>`.",
    "forbidden": "Use a key with the scope that `detail` names.",
    "not_found": "There is no such route.",
    "method_not_allowed": "Use a method of the header `Allow`.",
    "slow_body": "Send the body faster, or a smaller file.",
    "unknown_model": "Name a model of the zoo's list.",
    "model_disabled": "Name another model: an administrator has switched this one off.",
    "clip_not_found": "Send the clip again: it was deleted, or went to make room for others.",
    "frame_not_found": "Name frames that the clip has: they are numbered from 0.",
    "job_not_found": "Begin the work again: the job is long over, or was lost in a restart.",
    "job_cancelled": "Begin the work again if it is still wanted.",
    "picture_too_large": "Scale the picture down. Only its header was read.",
    "clip_too_large": "Send a shorter or smaller clip, or ask for fewer frames of it.",
    "request_entity_too_large": "Send a smaller body.",
    "unsupported_encoding": "Send the body uncompressed, without `Content-Encoding`.",
    "unsupported_picture": "Send a JPEG, PNG or WebP, and a Content-Type that is true.",
    "unsupported_clip": "Send MP4 or WebM, MJPEG, or several pictures.",
    "undecodable_picture": "Send a whole file: this one is broken or cut off.",
    "picture_too_small": "Send a larger picture; there is nothing to judge in this one.",
    "animated_picture": "Send one frame.",
    "undecodable_clip": "Send a whole file: this one is broken or cut off.",
    "slow_clip": "Send a shorter or smaller clip: decoding this one takes too long.",
    "rate_limited": "Slow down, and try again when the time is up.",
    "clip_quota_exceeded": "Delete a clip, or try again when the time is up.",
    "internal_error": "Report it with its `request_id`: the fault is the gateway's.",
    "model_too_large": "Name a smaller model, or have others unpinned; `detail` has the sizes.",
    "model_failed": "Try again when the time is up; `detail` says why it could not be loaded.",
    "zoo_busy": "Try again when the time is up: other models are in use, or this one is loading.",
    "enrichment_unavailable": "Try again: the zoo's process is down. Scoring goes on without it.",
    "triton_failed": "Report it with its `request_id`: the model failed on this picture.",
    "random_weights": "Import real weights; `detail` says what else would do.",
    "overloaded": "Try again when the time is up. Nothing was decoded.",
    "draining": "Ask another gateway: this one is about to stop.",
    "no_room_for_body": "Try again when the time is up. Nothing was read.",
    "no_room_for_clip": "Try again when the time is up: the clips kept are all in use.",
    "triton_unavailable": "Try again: Triton is down or loading the model.",
    "triton_overloaded": "Try again when the time is up: the model's queue is full.",
    "triton_timeout": "Try again; if it stays so, the machine is too slow for its load.",
    "deadline_exceeded": "Allow more in `X-Request-Timeout-Ms`, or drop the frame.",
}


def rows() -> list[dict[str, Any]]:
    """Every problem with its status, code, whether waiting helps, and what to do."""
    return [
        {
            "status": problem.status,
            "code": problem.code,
            "waiting_helps": problem.retry_after_s is not None,
            "what_to_do": WHAT_TO_DO[problem.code],
        }
        for problem in ALL
    ]


def responses(wanted: Callable[[Problem], bool]) -> dict[str, Any]:
    """OpenAPI responses by status of the problems wanted, and of `internal_error`."""
    chosen = [problem for problem in ALL if wanted(problem) or problem.code == "internal_error"]
    return {
        str(status): _response([problem for problem in chosen if problem.status == status])
        for status in dict.fromkeys(problem.status for problem in chosen)
    }


def _response(problems: list[Problem]) -> dict[str, Any]:
    status = problems[0].status
    headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if any(problem.retry_after_s is not None for problem in problems):
        headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = {"$ref": "#/components/headers/Challenge"}
    schema = {
        "allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {
                "properties": {
                    "status": {"const": status},
                    "code": {"enum": [problem.code for problem in problems]},
                }
            },
        ]
    }
    return {
        "description": HTTPStatus(status).phrase,
        "headers": headers,
        "content": {"application/problem+json": {"schema": schema}},
    }
