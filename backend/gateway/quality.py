"""POST /v1/quality: a picture in, its score and the reasons out."""

import time
from functools import partial

from flask import Blueprint, Response, g, jsonify, request

from backend.gateway.cache import AnswerCache
from backend.gateway.scoring import QualityScorer
from backend.web import deadlines
from backend.web.access import needs
from backend.web.api_keys import Scope
from backend.web.request_ids import request_id
from backend.web.uploads import BodyBudget, read_upload


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
        deadline_s = deadlines.deadline_s(request)
        if cache is None:  # a remembered answer needs no room
            scorer.check_room()
        with budget.room_for(request):
            upload = read_upload(request, timeout_s=body_timeout_s, deadline_s=deadline_s)
            score = partial(scorer.score, upload, deadline_s=deadline_s)
            answer = cache.get_or_score(upload, score) if cache else score()
        total_ms = (time.perf_counter() - g.started_s) * 1000
        timing_ms = {
            stage: round(duration, 3)
            for stage, duration in (answer.stages_ms | {"total": total_ms}).items()
        }
        response = jsonify(
            score=answer.score,
            measures=answer.measures,
            model={
                "name": scorer.model_name,
                "version": answer.model_version,
                "variant": answer.model_variant,
            },
            cached=answer.cached,
            timing_ms=timing_ms,
            request_id=request_id(),
        )
        response.headers["Server-Timing"] = ", ".join(
            f"{stage};dur={duration}" for stage, duration in timing_ms.items()
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    return routes
