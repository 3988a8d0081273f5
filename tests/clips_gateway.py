"""A stand-in for the gateway's clips and jobs: frames and scores are made up."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, jsonify, request

from tests.browser_gateway import BrowserGateway, Reply, band_of
from tests.pictures import astronaut, encode

FRAMES = 8
TIMES_S = [0.5 * number for number in range(FRAMES)]
SCORES = (0.21, 0.35, 0.52, 0.81, 0.77, 0.6, 0.44, 0.3)
FRAME = encode(astronaut((64, 48)), "JPEG")
MODEL = {"name": "stand-in", "version": "3", "variant": "made-up", "random_weights": False}


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: str
    content_type: str
    body: bytes
    prefers: str | None
    authorization: str | None


@dataclass(frozen=True)
class _Job:
    id: str
    kind: str
    clip: str | None
    result: dict[str, Any]
    state: str = "running"
    done: int = 0
    problem: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        ended = self.state == "done"
        return {
            "id": self.id,
            "kind": self.kind,
            "state": self.state,
            "clip": self.clip,
            "done": self.done,
            "of": FRAMES,
            "percent": 100 * self.done / FRAMES,
            "elapsed_s": 1.2,
            "eta_s": 0.0 if ended else 2.0,
            "result": self.result if ended else None,
            "problem": self.problem,
            "request_id": "stand-in",
        }


class ClipsGateway(BrowserGateway):
    """
    Attributes:
        asked: what came in, in order.
        held: kinds of jobs that get half way and no further.
        at_once: answers without jobs.
        key: what has to be sent, where one is needed.
        refusals: by "METHOD /path", what is answered instead, each once.
        model: what the best shots say of theirs.
        failures: what the next job of a kind ends in.
    """

    def __init__(self) -> None:
        super().__init__()
        self._app.before_request(self._admit)
        rules: dict[tuple[str, str], Callable[..., Response]] = {
            ("POST", "/v1/clips"): self._upload,
            ("GET", "/v1/clips"): self._list,
            ("GET", "/v1/clips/<name>"): self._clip,
            ("DELETE", "/v1/clips/<name>"): self._delete_clip,
            ("GET", "/v1/clips/<name>/frames/<int:frame>.jpg"): self._frame,
            ("POST", "/v1/clips/<name>/best-shot"): self._best_shot,
            ("POST", "/v1/clips/<name>/infer"): self._infer,
            ("GET", "/v1/jobs/<name>"): self._job,
            ("GET", "/v1/models/<name>"): self._model,
            ("DELETE", "/v1/jobs/<name>"): self._delete_job,
        }
        for (method, rule), view in rules.items():
            self._app.add_url_rule(rule, f"{method} {rule}", view, methods=[method])

    def reset(self) -> None:
        super().reset()
        self.asked: list[Asked] = []
        self.held: set[str] = set()
        self.at_once = False
        self.key: str | None = None
        self.refusals: dict[str, Reply] = {}
        self.model: dict[str, Any] = MODEL
        self.failures: dict[str, dict[str, Any]] = {}
        self.clips: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, _Job] = {}
        self._numbers = itertools.count(1)

    def requests(self, method: str, path: str = "") -> list[Asked]:
        return [one for one in self.asked if one.method == method and path in one.path]

    def _admit(self) -> Response | None:
        if not request.path.startswith(("/v1/clips", "/v1/jobs", "/v1/models")):
            return None
        sent = request.headers.get("Authorization")
        self.asked.append(
            Asked(
                request.method,
                request.path,
                request.query_string.decode(),
                request.content_type or "",
                request.get_data(parse_form_data=False),
                request.headers.get("Prefer"),
                sent,
            )
        )
        if self.key is not None and sent != f"Bearer {self.key}":
            return _problem(401, "unauthenticated", "An API key is needed.")
        refusal = self.refusals.pop(f"{request.method} {request.path}", None)
        if refusal is None:
            return None
        response = jsonify(refusal.body)
        response.status_code = refusal.status
        response.headers.update(refusal.headers)
        return response

    def _model(self, name: str) -> Response:
        if name not in ("m", "d"):
            return _problem(404, "unknown_model", f"There is no model {name!r} in the zoo.")
        return jsonify(name=name)

    def _upload(self) -> Response:
        name = f"clip-{next(self._numbers)}"
        clip = {
            "id": name,
            "source": "mp4",
            "frames": FRAMES,
            "times_s": TIMES_S,
            "width": 64,
            "height": 48,
            "size_bytes": FRAMES * 64 * 48 * 3,
            "idle_s": 0.0,
            "expires_in_s": 600.0,
        }
        return self._answer("decode", None, clip, 201)

    def _list(self) -> Response:
        kept = [{k: v for k, v in clip.items() if k != "times_s"} for clip in self.clips.values()]
        return jsonify(clips=kept, used_bytes=0, quota_bytes=2**29, clips_allowed=16)

    def _clip(self, name: str) -> Response:
        return jsonify(self.clips[name]) if name in self.clips else _no_clip()

    def _delete_clip(self, name: str) -> Response:
        if self.clips.pop(name, None) is None:
            return _no_clip()
        return Response(status=204)

    def _frame(self, name: str, frame: int) -> Response:
        if name not in self.clips:
            return _no_clip()
        return Response(FRAME, content_type="image/jpeg")

    def _best_shot(self, name: str) -> Response:
        if name not in self.clips:
            return _no_clip()
        with_faces = request.args.get("face") == "auto"
        scores = [None if with_faces and number < 3 else one for number, one in enumerate(SCORES)]
        best = sorted(range(FRAMES), key=lambda number: -(scores[number] or 0))
        shots = [
            {
                "frame": number,
                "time_s": TIMES_S[number],
                "score": SCORES[number],
                "band": band_of(SCORES[number]),
            }
            for number in best[: int(request.args.get("top", 3))]
        ]
        result = {"clip": name, "model": self.model, "shots": shots, "scores": scores}
        return self._answer("best_shot", name, result, 200)

    def _infer(self, name: str) -> Response:
        found = {"task": "classification", "classes": [{"label": "cat", "score": 0.9}]}
        box = {"x": 1, "y": 2, "width": 3, "height": 4}
        seen = {"label": "animal", "score": 0.7, "box": box, "result": found}
        detector = request.args.get("detector")
        answers = [
            {"frames": [number], "times_s": [TIMES_S[number]], "result": found}
            | ({"detections": [seen]} if detector else {})
            for number in range(2)
        ]
        model = {"name": request.args["model"], "version": "1", "weights": "onnx"}
        other = {"name": detector, "version": "1", "weights": "stand-in"} if detector else None
        result = {"clip": name, "model": model, "detector": other, "answers": answers}
        return self._answer("infer", name, result, 200)

    def _answer(self, kind: str, clip: str | None, result: dict[str, Any], status: int) -> Response:
        if self.at_once:
            self._keep(kind, result)
            response = jsonify(result)
            response.status_code = status
            return response
        job = _Job(f"job-{next(self._numbers)}", kind, clip, result)
        self.jobs[job.id] = job
        response = jsonify(job.as_dict())
        response.status_code = 202
        response.headers["Location"] = f"/v1/jobs/{job.id}"
        return response

    def _keep(self, kind: str, result: dict[str, Any]) -> None:
        if kind == "decode":
            self.clips[result["id"]] = result

    def _job(self, name: str) -> Response:
        job = self.jobs.get(name)
        if job is None:
            return _problem(404, "job_not_found", "There is no such job.")
        if job.state == "running" and job.kind in self.failures:
            job = replace(job, state="failed", problem=self.failures.pop(job.kind))
            self.jobs[name] = job
        if job.state == "running" and (job.done < FRAMES / 2 or job.kind not in self.held):
            job = replace(job, done=job.done + FRAMES // 2)
            if job.done >= FRAMES:
                clip = job.result["id"] if job.kind == "decode" else job.clip
                job = replace(job, state="done", clip=clip)
                self._keep(job.kind, job.result)
            self.jobs[name] = job
        return jsonify(job.as_dict())

    def _delete_job(self, name: str) -> Response:
        job = self.jobs.get(name)
        if job is None:
            return _problem(404, "job_not_found", "There is no such job.")
        if job.state == "running":
            job = self.jobs[name] = replace(job, state="cancelled")
        return jsonify(job.as_dict())


def _no_clip() -> Response:
    return _problem(404, "clip_not_found", "There is no such clip: it may be gone to make room.")


def _problem(status: int, code: str, detail: str) -> Response:
    response = jsonify(status=status, code=code, detail=detail)
    response.status_code = status
    return response
