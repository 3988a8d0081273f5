"""Clips and the jobs about them: uploads go through as they come, the rest is passed on."""

import re
from urllib.parse import quote

from flask import Blueprint, Response, request

from backend.errors import ClipNotFound, FrameNotFound, JobNotFound, MalformedRequest
from backend.gateway import relay
from backend.gateway.clip_upload import ClipLimits, open_upload
from backend.gateway.zoo_answer import DOCUMENT, ID_PATTERN, JSON, Successes
from backend.gateway.zoo_client import CLIP_ANSWER_S, ZooClient
from backend.web import deadlines
from backend.web.access import caller_name, needs
from backend.web.api_keys import Scope
from backend.web.request_ids import request_id
from backend.web.slots import Slots

# Of one worker. Each holds a connection to the zoo, which decodes few clips at a time anyway.
MOST_UPLOADS = 4
DEADLINE_S = 30.0
FRAME_PATTERN = "(0|[1-9][0-9]{0,5})"
OWNER_HEADER = "X-Framegate-Owner"
LATER = "respond-async"  # RFC 7240

KEPT: Successes = {201: JSON, 202: JSON}
ANSWERED: Successes = {200: JSON, 202: JSON}
DELETED: Successes = {204: None}
PICTURE: Successes = {200: "image/jpeg"}


def blueprint(client: ZooClient, limits: ClipLimits, *, max_in_flight: int) -> Blueprint:
    """
    Args:
        max_in_flight: requests at once that wait for models, and as many that wait for neither
            models nor a clip.
    """
    routes = Blueprint("clips", __name__)
    uploads = Slots(MOST_UPLOADS, "The gateway passes on as many clips as it may: try again.")
    questions = Slots(
        max_in_flight, "The gateway waits for as many answers about clips as it may: try again."
    )
    others = Slots(
        max_in_flight, "The gateway waits for the zoo with as many requests as it may: try again."
    )

    @routes.post("/v1/clips")
    @needs(Scope.INFER)
    def upload() -> Response:
        query = relay.read_query()
        deadline_s = deadlines.deadline_s(request)
        with uploads:
            answer = client.send_clip(
                f"/v1/clips{query}",
                open_upload(request, limits, deadline_s=deadline_s),
                request_id=request_id(),
                deadline_s=deadline_s,
                headers=_owner() + _preference(),
                successes=KEPT,
            )
        return relay.pass_on(answer)

    def ask(path: str) -> Response:
        query = relay.read_query()
        with questions:
            answer = client.ask(
                "POST",
                f"{path}{query}",
                request_id=request_id(),
                deadline_s=relay.deadline_s(CLIP_ANSWER_S),
                headers=_owner() + _preference(),
                successes=ANSWERED,
            )
        return relay.pass_on(answer)

    def pass_on(method: str, path: str, successes: Successes = DOCUMENT) -> Response:
        with others:
            answer = client.ask(
                method,
                path,
                request_id=request_id(),
                deadline_s=relay.deadline_s(DEADLINE_S),
                headers=_owner(),
                successes=successes,
            )
        return relay.pass_on(answer)

    @routes.get("/v1/clips")
    @needs(Scope.INFER)
    def clips() -> Response:
        return pass_on("GET", "/v1/clips")

    @routes.get("/v1/clips/<clip_id>")
    @needs(Scope.INFER)
    def clip(clip_id: str) -> Response:
        return pass_on("GET", _clip(clip_id))

    @routes.delete("/v1/clips/<clip_id>")
    @needs(Scope.INFER)
    def delete(clip_id: str) -> Response:
        return pass_on("DELETE", _clip(clip_id), DELETED)

    @routes.get("/v1/clips/<clip_id>/frames/<frame>.jpg")
    @needs(Scope.INFER)
    def frame(clip_id: str, frame: str) -> Response:
        path = _clip(clip_id)
        if not re.fullmatch(FRAME_PATTERN, frame):
            raise FrameNotFound("There is no such frame: they are numbered from 0.")
        return pass_on("GET", f"{path}/frames/{frame}.jpg{relay.read_query()}", PICTURE)

    @routes.post("/v1/clips/<clip_id>/best-shot")
    @needs(Scope.INFER)
    def best_shot(clip_id: str) -> Response:
        return ask(f"{_clip(clip_id)}/best-shot")

    @routes.post("/v1/clips/<clip_id>/infer")
    @needs(Scope.INFER)
    def infer(clip_id: str) -> Response:
        path = _clip(clip_id)
        if not request.args.get("model"):
            raise MalformedRequest("The query needs a model: ?model=yolo11-face.")
        return ask(f"{path}/infer")

    @routes.get("/v1/jobs/<job_id>")
    @needs(Scope.INFER)
    def job(job_id: str) -> Response:
        return pass_on("GET", _job(job_id))

    @routes.delete("/v1/jobs/<job_id>")
    @needs(Scope.INFER)
    def cancel(job_id: str) -> Response:
        return pass_on("DELETE", _job(job_id))

    return routes


def _owner() -> str:
    """The header that tells whose clips are meant."""
    return f"{OWNER_HEADER}: {quote(caller_name(), safe=':')}\r\n"


def _preference() -> str:
    """The header that asks for a job at once, where the caller does."""
    preferences = request.headers.get("Prefer", "").split(",")
    names = {preference.partition(";")[0].strip().lower() for preference in preferences}
    return f"Prefer: {LATER}\r\n" if LATER in names else ""


def _clip(clip_id: str) -> str:
    """The clip's path; ClipNotFound where no clip can have that id."""
    if not re.fullmatch(ID_PATTERN, clip_id):
        raise ClipNotFound("There is no such clip: GET /v1/clips has those that are kept.")
    return f"/v1/clips/{clip_id}"


def _job(job_id: str) -> str:
    """The job's path; JobNotFound where no job can have that id."""
    if not re.fullmatch(ID_PATTERN, job_id):
        raise JobNotFound("There is no such job: it was never begun, or has long been done.")
    return f"/v1/jobs/{job_id}"
