"""/v1/jobs: how far long work is, and its end; and how a request waits for it."""

import json
import time
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, request

from backend.enrichment.jobs.job import Job, State
from backend.enrichment.jobs.jobs import Jobs
from backend.enrichment.routes.owner import owner
from backend.errors import JobCancelled
from backend.web import deadlines, problems
from backend.web.access import needs
from backend.web.api_keys import Scope
from backend.web.request_ids import request_id

# A caller that waits longer is told where to ask; proxies give up after a minute.
LONGEST_WAIT_S = 20.0
# Before the caller's own deadline, so that the answer is there in time.
_EARLIER_S = 0.25


def blueprint(jobs: Jobs) -> Blueprint:
    routes = Blueprint("jobs", __name__)

    @routes.get("/v1/jobs/<job_id>")
    @needs(Scope.INFER)
    def job(job_id: str) -> Response:
        return _document(jobs.find(owner(request), job_id))

    @routes.delete("/v1/jobs/<job_id>")
    @needs(Scope.INFER)
    def cancel(job_id: str) -> Response:
        found = jobs.find(owner(request), job_id)
        jobs.cancel(found)
        return _document(found)

    return routes


def answer_when_done(job: Job, *, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """The job's result, or its error; where that takes too long, the job, to be asked about.

    A caller that sends `Prefer: respond-async` does not wait at all.

    Source: RFC 7240 §4.1.
    """
    prefers_async = "respond-async" in request.headers.get("Prefer", "").lower()
    left_s = deadlines.deadline_s(request) - time.monotonic() - _EARLIER_S
    if not prefers_async and job.wait(min(LONGEST_WAIT_S, left_s)):
        return answer(_result(job), status)
    response = _document(job)
    response.status_code = HTTPStatus.ACCEPTED
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    if prefers_async:
        response.headers["Preference-Applied"] = "respond-async"
    return response


def answer(result: bytes, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """A result that was kept as JSON."""
    response = jsonify(json.loads(result) | {"request_id": request_id()})
    response.status_code = status
    return response


def _result(job: Job) -> bytes:
    """Of a job that is over."""
    now = job.progress
    if now.error is not None:
        raise now.error
    if now.state is State.CANCELLED or now.result is None:
        raise JobCancelled("The work was cancelled: begin it again if it is still wanted.")
    return now.result


def _document(job: Job) -> Response:
    now = job.progress
    return jsonify(
        id=job.id,
        kind=job.kind,
        state=now.state,
        clip=job.clip_id,
        done=now.done,
        of=now.of,
        percent=_rounded(now.percent, 1),
        elapsed_s=round(now.elapsed_s, 3),
        eta_s=_rounded(now.eta_s, 1),
        result=None if now.result is None else json.loads(now.result),
        problem=None if now.error is None else problems.describe(now.error),
        request_id=request_id(),
    )


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
