"""POST /v1/models/{name}/infer and /v1/enrich: a picture in, what models say of it out."""

import time
from typing import Any

from flask import Blueprint, Request, Response, jsonify, request

from backend import images
from backend.enrichment.enricher import Enricher, Enrichment
from backend.enrichment.routes.bodies import arriving
from backend.enrichment.routes.query import read_models, read_options
from backend.enrichment.routes.room import Room
from backend.enrichment.tasks.pictures import Pixels
from backend.errors import FramegateError, MalformedRequest
from backend.web import deadlines, problems
from backend.web.access import needs
from backend.web.api_keys import Scope
from backend.web.request_ids import request_id


def blueprint(
    enricher: Enricher,
    *,
    max_pixels: int,
    most_at_once: int,
    timeout_s: float,
    body_timeout_s: float,
) -> Blueprint:
    """
    Args:
        most_at_once: pictures being worked on; the threads beyond them answer everything else.
        timeout_s: how long a caller waits who names no time.
    """
    routes = Blueprint("pictures", __name__)
    room = Room(most_at_once, "The model zoo works on as many pictures as it may: try again.")

    @routes.post("/v1/models/<name>/infer")
    @needs(Scope.INFER)
    def infer(name: str) -> Response:
        options = read_options(request.args)
        with room.taken(), _Picture(max_pixels, timeout_s, body_timeout_s) as picture:
            answer = enricher.ask(name, picture.pixels, options, deadline_s=picture.deadline_s)
            stages_ms = {"decode": picture.decode_ms, **answer.stages_ms}
            return jsonify(
                document(answer)
                | {"picture": picture.size, "timing_ms": picture.timing_ms(stages_ms)}
                | {"request_id": request_id()}
            )

    @routes.post("/v1/enrich")
    @needs(Scope.INFER)
    def enrich() -> Response:
        names = read_models(request.args)
        options = read_options(request.args, also=("models",))
        if options.prompts and not enricher.takes_prompts(names):
            raise MalformedRequest("None of these models takes a prompt: leave it out.")
        with room.taken(), _Picture(max_pixels, timeout_s, body_timeout_s) as picture:
            answers = enricher.ask_all(
                names, picture.pixels, options, deadline_s=picture.deadline_s
            )
            return jsonify(
                picture=picture.size,
                models={name: _one_of_several(answer) for name, answer in answers.items()},
                timing_ms=picture.timing_ms({"decode": picture.decode_ms}),
                request_id=request_id(),
            )

    return routes


def document(answer: Enrichment) -> dict[str, Any]:
    """One model's answer as JSON has it."""
    return {"model": answer.answered_by, "result": answer.result}


def _one_of_several(answer: Enrichment | FramegateError) -> dict[str, Any]:
    if isinstance(answer, FramegateError):
        return {"problem": problems.brief(answer)}
    return document(answer) | {"timing_ms": _rounded(answer.stages_ms)}


class _Picture:
    """The request's picture, from its bytes to the end of the answer."""

    def __init__(self, max_pixels: int, timeout_s: float, body_timeout_s: float) -> None:
        self._began_s = time.monotonic()
        self.deadline_s = min(deadlines.deadline_s(request), self._began_s + timeout_s)
        data, media_type = _body(request, body_timeout_s)
        read_s = time.monotonic()
        encoded = images.inspect(data, max_pixels=max_pixels, media_type=media_type)
        self.pixels: Pixels = images.decode(encoded, padded=True)
        self.decode_ms = (time.monotonic() - read_s) * 1000
        height, width = self.pixels.shape[:2]
        self.size = {"width": width, "height": height}

    def __enter__(self) -> "_Picture":
        return self

    def __exit__(self, *error: object) -> None:
        del self.pixels  # up to seventy megabytes, and the answer may take its time

    def timing_ms(self, stages_ms: dict[str, float]) -> dict[str, float]:
        total_ms = (time.monotonic() - self._began_s) * 1000
        return _rounded({**stages_ms, "total": total_ms})


def _rounded(stages_ms: dict[str, float]) -> dict[str, float]:
    return {stage: round(duration_ms, 3) for stage, duration_ms in stages_ms.items()}


def _body(request: Request, timeout_s: float) -> tuple[bytes, str | None]:
    """The picture, which the gateway sends as it is, and what it was declared to be."""
    with arriving(request, timeout_s=timeout_s):
        data = request.get_data(cache=False)
    if not data:
        raise MalformedRequest("The picture is empty: send the bytes of one file.")
    return data, request.mimetype if request.mimetype in images.MEDIA_TYPES else None
