"""/v1/clips: videos and bursts kept as frames, and models that look at them."""

from contextlib import ExitStack
from http import HTTPStatus

from flask import Blueprint, Request, Response, jsonify, request

from backend import images
from backend.enrichment.clips.documents import clip_document, clips_document
from backend.enrichment.clips.frame_numbers import need_frame, read_frames
from backend.enrichment.clips.questions import Question
from backend.enrichment.clips.sampling import HIGHEST_FPS, AtRate, Evenly, Sampling
from backend.enrichment.clips.store import ClipStore
from backend.enrichment.clips.upload import ClipUpload
from backend.enrichment.clips.work import BestShots, ClipWork
from backend.enrichment.routes.clip_uploads import Spool
from backend.enrichment.routes.jobs import answer, answer_when_done
from backend.enrichment.routes.owner import owner
from backend.enrichment.routes.query import read_number, read_options, refuse_others
from backend.enrichment.routes.room import Room
from backend.errors import MalformedRequest
from backend.web.access import needs
from backend.web.api_keys import Scope
from backend.web.request_ids import request_id

MOST_UPLOADS = 4
USUAL_FRAMES = 32
USUAL_BURST_FPS = 2.0
_MOST_SHOTS = 100
_LONGEST_DISTANCE_S = 3600.0
_MOST_DETECTIONS = 50
_NARROWEST_PX, _WIDEST_PX = 16, 4096


def blueprint(
    store: ClipStore,
    work: ClipWork,
    spool: Spool,
    *,
    max_bytes: int,
    max_frames: int,
    body_timeout_s: float,
) -> Blueprint:
    """
    Args:
        max_bytes: of a clip as a file.
        max_frames: of a clip.
        body_timeout_s: longest wait for more of an upload.
    """
    routes = Blueprint("clips", __name__)
    uploads = Room(MOST_UPLOADS, "As many clips are being uploaded as may be: try again.")

    @routes.post("/v1/clips")
    @needs(Scope.INFER)
    def upload() -> Response:
        sampling = _read_sampling(request, max_frames)
        with uploads.taken():
            received = spool.receive(request, max_bytes=max_bytes, timeout_s=body_timeout_s)
        job = work.decode(owner(request), received, _for(received, sampling))
        response = answer_when_done(job, status=HTTPStatus.CREATED)
        if response.status_code == HTTPStatus.CREATED:
            response.headers["Location"] = f"/v1/clips/{response.get_json()['id']}"
        return response

    @routes.get("/v1/clips")
    @needs(Scope.INFER)
    def clips() -> Response:
        document = clips_document(store.clips_of(owner(request)), ttl_s=store.ttl_s)
        return jsonify(document | {"request_id": request_id()})

    @routes.get("/v1/clips/<clip_id>")
    @needs(Scope.INFER)
    def clip(clip_id: str) -> Response:
        with store.lease(owner(request), clip_id) as lease:
            document = clip_document(lease.clip, ttl_s=store.ttl_s)
        return jsonify(document | {"request_id": request_id()})

    @routes.get("/v1/clips/<clip_id>/frames/<int:number>.jpg")
    @needs(Scope.INFER)
    def frame(clip_id: str, number: int) -> Response:
        width = read_number(request.args, "width", int, _NARROWEST_PX, _WIDEST_PX, _WIDEST_PX)
        with store.lease(owner(request), clip_id) as lease:
            frames = lease.clip.frames
            need_frame(number, len(frames))
            picture = images.encode_jpeg(frames[number], width=width)
        return Response(picture, content_type="image/jpeg")

    @routes.delete("/v1/clips/<clip_id>")
    @needs(Scope.INFER)
    def delete(clip_id: str) -> Response:
        store.delete(owner(request), clip_id)
        work.jobs.cancel_of_clip(clip_id)
        return Response(status=HTTPStatus.NO_CONTENT)

    @routes.post("/v1/clips/<clip_id>/best-shot")
    @needs(Scope.INFER)
    def best_shot(clip_id: str) -> Response:
        wanted = _read_best_shots(request)
        with ExitStack() as leased:
            lease = leased.enter_context(store.lease(owner(request), clip_id))
            if (known := lease.result(wanted.key)) is not None:
                return answer(known)
            return answer_when_done(work.best_shot(owner(request), lease, wanted, leased.pop_all()))

    @routes.post("/v1/clips/<clip_id>/infer")
    @needs(Scope.INFER)
    def infer(clip_id: str) -> Response:
        with ExitStack() as leased:
            lease = leased.enter_context(store.lease(owner(request), clip_id))
            question = _read_question(request, len(lease.clip.frames))
            work.check(question)
            if (known := lease.result(question.key)) is not None:
                return answer(known)
            return answer_when_done(work.infer(owner(request), lease, question, leased.pop_all()))

    return routes


def _read_sampling(request: Request, max_frames: int) -> Sampling | None:
    """What the query asks for; None where it leaves that open."""
    refuse_others(request.args, ("fps", "frames"))
    if "fps" in request.args and "frames" in request.args:
        raise MalformedRequest("Send `fps` or `frames`, not both.")
    if "fps" in request.args:
        return AtRate(read_number(request.args, "fps", float, 0.0, HIGHEST_FPS, 1.0))
    if "frames" in request.args:
        return Evenly(read_number(request.args, "frames", int, 1, max_frames, 1))
    return None


def _for(upload: ClipUpload, sampling: Sampling | None) -> Sampling:
    if upload.video is not None:
        return sampling or Evenly(USUAL_FRAMES)
    if isinstance(sampling, Evenly):
        upload.remove()
        raise MalformedRequest("All pictures of a burst are kept: leave `frames` out.")
    return sampling or AtRate(USUAL_BURST_FPS)


def _read_best_shots(request: Request) -> BestShots:
    refuse_others(request.args, ("top", "distance_s", "face"))
    if request.args.get("face", "auto") != "auto":
        raise MalformedRequest("`face` is `auto`, or is left out.")
    return BestShots(
        top=read_number(request.args, "top", int, 1, _MOST_SHOTS, 3),
        distance_s=read_number(request.args, "distance_s", float, 0.0, _LONGEST_DISTANCE_S, 0.5),
        find_face="face" in request.args,
    )


def _read_question(request: Request, frames: int) -> Question:
    options = read_options(request.args, also=("model", "frames", "detector", "max_detections"))
    model = request.args.get("model")
    if not model:
        raise MalformedRequest("Name the model: ?model=pet-classifier.")
    return Question(
        model,
        read_frames(request.args.get("frames"), frames),
        options,
        detector=request.args.get("detector"),
        most_detections=read_number(request.args, "max_detections", int, 1, _MOST_DETECTIONS, 5),
    )
