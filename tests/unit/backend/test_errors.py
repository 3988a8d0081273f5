"""The tree of errors, its drawing, and the one table that answers them."""

import re
from http import HTTPStatus

from backend import errors
from backend.errors import FramegateError
from backend.web.problems import PROBLEMS, Problem


def descendants(kind: type[FramegateError]) -> dict[str, str]:
    """Name → name of the parent, of everything under `kind`."""
    found: dict[str, str] = {}
    for child in kind.__subclasses__():
        found |= {child.__name__: kind.__name__} | descendants(child)
    return found


def leaves() -> set[type[FramegateError]]:
    kinds = {getattr(errors, name) for name in descendants(FramegateError)}
    return {kind for kind in kinds if not kind.__subclasses__()}


def drawn() -> list[tuple[int, str, str]]:
    """Depth, name and remark of each line of the drawing."""
    lines = (errors.__doc__ or "").splitlines()
    matches = [re.fullmatch(r"([│├└─ ]*)(\w+)\s*(.*)", line) for line in lines[2:] if line]
    return [(len(m[1]) // 4, m[2], m[3]) for m in matches if m]


def test_the_drawing_is_the_tree() -> None:
    assert drawn()[0] == (0, "FramegateError", "")
    parents, path = {}, ["FramegateError"]
    for depth, name, _ in drawn()[1:]:
        path[depth:] = [name]
        parents[name] = path[depth - 1]
    assert parents == descendants(FramegateError)


def test_every_leaf_has_one_answer_and_of_the_branches_the_one_that_is_raised_itself() -> None:
    assert set(PROBLEMS) == leaves() | {errors.Overloaded}


def test_the_answers_are_those_that_callers_rely_on() -> None:
    assert {kind.__name__: problem for kind, problem in PROBLEMS.items()} == {
        "MalformedRequest": Problem(400, "malformed_request"),
        "Unauthenticated": Problem(401, "unauthenticated"),
        "Forbidden": Problem(403, "forbidden"),
        "UnknownModel": Problem(404, "unknown_model"),
        "ClipNotFound": Problem(404, "clip_not_found"),
        "FrameNotFound": Problem(404, "frame_not_found"),
        "JobNotFound": Problem(404, "job_not_found"),
        "SlowBody": Problem(408, "slow_body"),
        "ModelDisabled": Problem(409, "model_disabled"),
        "JobCancelled": Problem(409, "job_cancelled"),
        "PictureTooLarge": Problem(413, "picture_too_large"),
        "ClipTooLarge": Problem(413, "clip_too_large"),
        "UnsupportedEncoding": Problem(415, "unsupported_encoding"),
        "UnsupportedPicture": Problem(415, "unsupported_picture"),
        "UnsupportedClip": Problem(415, "unsupported_clip"),
        "UndecodablePicture": Problem(422, "undecodable_picture"),
        "PictureTooSmall": Problem(422, "picture_too_small"),
        "AnimatedPicture": Problem(422, "animated_picture"),
        "UndecodableClip": Problem(422, "undecodable_clip"),
        "SlowClip": Problem(422, "slow_clip"),
        "RateLimited": Problem(429, "rate_limited", 1),
        "ClipQuotaExceeded": Problem(429, "clip_quota_exceeded", 10),
        "DeadlineExceeded": Problem(504, "deadline_exceeded"),
        "Overloaded": Problem(503, "overloaded", 1),
        "Draining": Problem(503, "draining", 1),
        "NoRoomForBody": Problem(503, "no_room_for_body", 1),
        "NoRoomForClip": Problem(503, "no_room_for_clip", 5),
        "ModelTooLarge": Problem(507, "model_too_large"),
        "ModelFailed": Problem(503, "model_failed", 5),
        "ZooBusy": Problem(503, "zoo_busy", 1),
        "EnrichmentUnavailable": Problem(503, "enrichment_unavailable", 2),
        "RandomWeights": Problem(503, "random_weights"),
        "TritonFailed": Problem(502, "triton_failed"),
        "TritonUnavailable": Problem(503, "triton_unavailable", 2),
        "TritonOverloaded": Problem(503, "triton_overloaded", 1),
        "TritonTimeout": Problem(504, "triton_timeout", 1),
    }


def test_what_the_caller_can_fix_is_4xx_and_the_rest_5xx() -> None:
    for kind, problem in PROBLEMS.items():
        family = 4 if issubclass(kind, errors.BadInput | errors.Denied) else 5
        assert problem.status // 100 == family, kind


def test_codes_are_unique_and_no_phrase_of_http_that_the_framework_answers_with() -> None:
    codes = [problem.code for problem in PROBLEMS.values()]
    assert len(set(codes)) == len(codes)
    phrases = {status.phrase.lower().replace(" ", "_") for status in HTTPStatus}
    # The framework itself forbids nothing, so this one cannot mean two things.
    assert (phrases | {"internal_error"}) & set(codes) == {"forbidden"}


def test_retry_after_stands_exactly_where_the_drawing_says_that_waiting_helps() -> None:
    helps = {name for _, name, remark in drawn() if "waiting helps" in remark}
    assert helps == {kind.__name__ for kind, problem in PROBLEMS.items() if problem.retry_after_s}
    assert helps == {
        "RateLimited", "Overloaded", "NoRoomForBody", "TritonUnavailable", "TritonOverloaded",
        "TritonTimeout", "ModelFailed", "ZooBusy", "EnrichmentUnavailable", "ClipQuotaExceeded",
        "NoRoomForClip", "Draining",
    }  # fmt: skip
