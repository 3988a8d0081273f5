"""POST /v1/quality: a picture in, its score and the reasons out."""

import dataclasses
import time
from functools import partial
from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from backend.errors import MalformedRequest
from backend.gateway.answer import Quality
from backend.gateway.cache import AnswerCache
from backend.gateway.scoring import QualityScorer
from backend.web import deadlines
from backend.web.access import needs
from backend.web.api_keys import Scope
from backend.web.request_ids import request_id
from backend.web.uploads import BodyBudget, read_upload

# What `?face=` may say.
FACE_MODES = ("none", "auto")


def blueprint(
    scorer: QualityScorer,
    budget: BodyBudget,
    *,
    body_timeout_s: float,
    cache: AnswerCache | None = None,
) -> Blueprint:
    routes = Blueprint("quality", __name__)

    @routes.post("/v1/quality")
    @needs(Scope.INFER)
    def quality() -> Response:
        find_face = _read_face_mode() == "auto"
        deadline_s = deadlines.deadline_s(request)
        if cache is None:  # a remembered answer needs no room
            scorer.check_room()
        with budget.room_for(request):
            upload = read_upload(request, timeout_s=body_timeout_s, deadline_s=deadline_s)
            score = partial(scorer.score, upload, find_face=find_face, deadline_s=deadline_s)
            answer = cache.get_or_score(upload, find_face, score) if cache else score()
        total_ms = (time.perf_counter() - g.started_s) * 1000
        timing_ms = {
            stage: round(duration, 3)
            for stage, duration in (answer.stages_ms | {"total": total_ms}).items()
        }
        response = jsonify(document(answer) | {"timing_ms": timing_ms, "request_id": request_id()})
        response.headers["Server-Timing"] = ", ".join(
            f"{stage};dur={duration}" for stage, duration in timing_ms.items()
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    return routes


def document(answer: Quality) -> dict[str, Any]:
    """An answer as JSON has it, without its times."""
    face = {} if answer.face is None else {"face": dataclasses.asdict(answer.face)}
    return {
        "score": answer.score,
        "raw_score": answer.raw_score,
        "band": answer.band,
        "reasons": answer.reasons,
        **face,
        "picture": dataclasses.asdict(answer.picture),
        "measures": answer.measures,
        "model": dataclasses.asdict(answer.model),
        "cached": answer.cached,
    }


def _read_face_mode() -> str:
    mode = request.args.get("face", FACE_MODES[0])
    if mode not in FACE_MODES:
        raise MalformedRequest(f"`face` is {mode[:20]!r}: send {' or '.join(FACE_MODES)}.")
    return mode
