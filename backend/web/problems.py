"""From errors to answers: one table, and `application/problem+json` bodies (RFC 9457)."""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, Response, g, json
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from backend import errors
from backend.web import metrics
from backend.web.request_ids import request_id

log = logging.getLogger("framegate")


@dataclass(frozen=True)
class Problem:
    """How one type of error is answered.

    Attributes:
        code: stable name for programs.
        retry_after_s: where waiting helps, for how long; an error may know better.
    """

    status: int
    code: str
    retry_after_s: int | None = None


PROBLEMS: dict[type[errors.FramegateError], Problem] = {
    errors.MalformedRequest: Problem(400, "malformed_request"),
    errors.Unauthenticated: Problem(401, "unauthenticated"),
    errors.Forbidden: Problem(403, "forbidden"),
    errors.UnknownModel: Problem(404, "unknown_model"),
    errors.ClipNotFound: Problem(404, "clip_not_found"),
    errors.FrameNotFound: Problem(404, "frame_not_found"),
    errors.JobNotFound: Problem(404, "job_not_found"),
    errors.SlowBody: Problem(408, "slow_body"),
    errors.ModelDisabled: Problem(409, "model_disabled"),
    errors.JobCancelled: Problem(409, "job_cancelled"),
    errors.PictureTooLarge: Problem(413, "picture_too_large"),
    errors.ClipTooLarge: Problem(413, "clip_too_large"),
    errors.UnsupportedEncoding: Problem(415, "unsupported_encoding"),
    errors.UnsupportedPicture: Problem(415, "unsupported_picture"),
    errors.UnsupportedClip: Problem(415, "unsupported_clip"),
    errors.UndecodablePicture: Problem(422, "undecodable_picture"),
    errors.PictureTooSmall: Problem(422, "picture_too_small"),
    errors.AnimatedPicture: Problem(422, "animated_picture"),
    errors.UndecodableClip: Problem(422, "undecodable_clip"),
    errors.SlowClip: Problem(422, "slow_clip"),
    errors.RateLimited: Problem(429, "rate_limited", retry_after_s=1),
    errors.ClipQuotaExceeded: Problem(429, "clip_quota_exceeded", retry_after_s=10),
    errors.DeadlineExceeded: Problem(504, "deadline_exceeded"),
    errors.Overloaded: Problem(503, "overloaded", retry_after_s=1),
    errors.Draining: Problem(503, "draining", retry_after_s=1),
    errors.NoRoomForBody: Problem(503, "no_room_for_body", retry_after_s=1),
    errors.NoRoomForClip: Problem(503, "no_room_for_clip", retry_after_s=5),
    errors.ModelTooLarge: Problem(507, "model_too_large"),
    errors.ModelFailed: Problem(503, "model_failed", retry_after_s=5),
    errors.ZooBusy: Problem(503, "zoo_busy", retry_after_s=1),
    errors.EnrichmentUnavailable: Problem(503, "enrichment_unavailable", retry_after_s=2),
    errors.TritonFailed: Problem(502, "triton_failed"),
    errors.RandomWeights: Problem(503, "random_weights"),
    errors.TritonUnavailable: Problem(503, "triton_unavailable", retry_after_s=2),
    errors.TritonOverloaded: Problem(503, "triton_overloaded", retry_after_s=1),
    errors.TritonTimeout: Problem(504, "triton_timeout", retry_after_s=1),
}

INTERNAL = Problem(500, "internal_error")
_OUR_FAULT = "The server failed on this request. Its log has the details under the request id."


def register(app: Flask, *, give_way: Callable[[], None] = lambda: None) -> None:
    """Give every error of `app` its answer.

    Args:
        give_way: called before each refusal.
    """

    @app.errorhandler(errors.FramegateError)
    def known(error: errors.FramegateError) -> Response:
        problem = PROBLEMS[type(error)]
        give_way()
        if problem.status >= 500:
            log.warning("%s: %s", problem.code, error, extra={"code": problem.code})
        if error.retry_after_s is None:
            return _answer(problem, str(error), problem.retry_after_s)
        return _answer(problem, str(error), error.retry_after_s)

    @app.errorhandler(HTTPException)
    def from_werkzeug(error: HTTPException) -> Response:
        status = error.code or 500
        detail = error.description or HTTPStatus(status).phrase
        if isinstance(error, RequestEntityTooLarge):
            limit = app.config["MAX_CONTENT_LENGTH"]
            detail = f"The request body is over the limit of {limit} bytes or has too many parts."
        code = HTTPStatus(status).phrase.lower().replace(" ", "_")
        response = _answer(Problem(status, code), detail)
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def unknown(error: Exception) -> Response:
        log.exception("internal_error", extra={"code": "internal_error"})
        return _answer(INTERNAL, _OUR_FAULT)


def note(code: str, status: int) -> None:
    """Count a problem that the request being answered ends in, and name it in the log's line."""
    metrics.count_problem(code, status)
    g.problem_code = code


def brief(error: errors.FramegateError) -> dict[str, object]:
    """An error as a part of an answer that has other parts, which are none."""
    problem = PROBLEMS[type(error)]
    metrics.count_problem(problem.code, problem.status)
    return describe(error)


def describe(error: Exception) -> dict[str, object]:
    """An error for whoever asks about it later: it is not the answer to that request."""
    if not isinstance(error, errors.FramegateError):
        return _members(INTERNAL, _OUR_FAULT, None)
    problem = PROBLEMS[type(error)]
    return _members(problem, str(error), error.retry_after_s or problem.retry_after_s)


def _members(problem: Problem, detail: str, retry_after_s: float | None) -> dict[str, object]:
    members: dict[str, object] = {
        "status": problem.status,
        "code": problem.code,
        "detail": detail,
    }
    if retry_after_s is not None:
        members["retry_after_ms"] = math.ceil(retry_after_s * 1000)
    return members


def _answer(problem: Problem, detail: str, retry_after_s: float | None = None) -> Response:
    note(problem.code, problem.status)
    body = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        **_members(problem, detail, retry_after_s),
        "request_id": request_id(),
    }
    response = Response(
        json.dumps(body), status=problem.status, content_type="application/problem+json"
    )
    if retry_after_s is not None:
        # RFC 9110 knows whole seconds only, and 0 would be an invitation to hammer.
        response.headers["Retry-After"] = str(max(1, math.ceil(retry_after_s)))
    return response
