"""What is done with clips as jobs: decode one, choose its best frames, ask a model about it."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from backend.enrichment.catalog import Catalog
from backend.enrichment.clips import questions
from backend.enrichment.clips.best_shot import best_shots
from backend.enrichment.clips.clip import Clip
from backend.enrichment.clips.documents import (
    answers_document,
    best_shot_document,
    clip_document,
)
from backend.enrichment.clips.intake import Intake
from backend.enrichment.clips.questions import Question
from backend.enrichment.clips.sampling import AtRate, Sampling
from backend.enrichment.clips.scoring import FrameScorer
from backend.enrichment.clips.stage_log import StageLog
from backend.enrichment.clips.store import ClipLease
from backend.enrichment.clips.upload import ClipUpload
from backend.enrichment.enricher import Enricher
from backend.enrichment.jobs.job import Job, Kind
from backend.enrichment.jobs.jobs import Jobs


@dataclass(frozen=True)
class BestShots:
    """Which frames are wanted.

    Attributes:
        distance_s: the least between any two.
        find_face: score the largest face of each, not its centre.
    """

    top: int
    distance_s: float
    find_face: bool

    @property
    def key(self) -> str:
        """Names the question among those that a clip's answers are kept by."""
        return repr(self)


class ClipWork:
    """Puts work on clips into the queue.

    Args:
        timeout_s: longest wait of an inference for its micro-batch.
        new_log: of one piece of work.
    """

    def __init__(
        self,
        jobs: Jobs,
        intake: Intake,
        scorer: FrameScorer,
        catalog: Catalog,
        enricher: Enricher,
        *,
        ttl_s: float,
        timeout_s: float,
        new_log: Callable[[], StageLog],
    ) -> None:
        self.jobs = jobs
        self._intake = intake
        self._scorer = scorer
        self._catalog = catalog
        self._enricher = enricher
        self._ttl_s = ttl_s
        self._timeout_s = timeout_s
        self._new_log = new_log

    def decode(self, owner: str, upload: ClipUpload, sampling: Sampling) -> Job:
        """Make a clip of an upload, which is removed whatever comes of it.

        Raises:
            Overloaded: see Jobs.
        """

        def work(job: Job) -> bytes:
            clip = self._decode(owner, upload, sampling, job)
            job.clip_id = clip.id
            return _json(clip_document(clip, ttl_s=self._ttl_s))

        with ExitStack() as on_refusal:
            on_refusal.callback(upload.remove)
            job = self.jobs.begin(owner, "decode", work, cleanup=upload.remove)
            on_refusal.pop_all()
        return job

    def best_shot(self, owner: str, lease: ClipLease, wanted: BestShots, leased: ExitStack) -> Job:
        """Score every frame and choose.

        Args:
            leased: what keeps the clip; closed when the job is over, or cannot begin.

        Raises:
            Overloaded: see Jobs.
        """
        clip = lease.clip

        def work(job: Job) -> dict[str, Any]:
            log = self._new_log()
            log.stage("start of best shot")
            scores = self._scorer.score(
                clip, find_face=wanted.find_face, report=job.report, stages=log
            )
            log.stage("end of best shot")
            shots = best_shots(
                scores.values, clip.times_s, top=wanted.top, distance_s=wanted.distance_s
            )
            return best_shot_document(clip, scores, shots)

        return self._begin(owner, "best_shot", lease, wanted.key, work, leased)

    def check(self, question: Question) -> None:
        """See `questions.check`."""
        questions.check(question, self._catalog)

    def infer(self, owner: str, lease: ClipLease, question: Question, leased: ExitStack) -> Job:
        """Ask a model; see `best_shot`."""
        clip = lease.clip

        def work(job: Job) -> dict[str, Any]:
            found = questions.ask(
                question,
                clip,
                self._catalog,
                self._enricher,
                timeout_s=self._timeout_s,
                report=job.report,
                stages=self._new_log(),
            )
            return answers_document(clip, found)

        return self._begin(owner, "infer", lease, question.key, work, leased)

    def _begin(
        self,
        owner: str,
        kind: Kind,
        lease: ClipLease,
        key: str,
        work: Callable[[Job], dict[str, Any]],
        leased: ExitStack,
    ) -> Job:
        def work_and_remember(job: Job) -> bytes:
            result = _json(work(job))
            lease.remember(key, result)
            return result

        with ExitStack() as on_refusal:
            on_refusal.callback(leased.close)
            job = self.jobs.begin(
                owner, kind, work_and_remember, clip_id=lease.clip.id, cleanup=leased.close
            )
            on_refusal.pop_all()
        return job

    def _decode(self, owner: str, upload: ClipUpload, sampling: Sampling, job: Job) -> Clip:
        if upload.video is not None:
            return self._intake.keep_video(
                owner, upload.video, sampling, job.report, on_cancel=job.on_cancel
            )
        assert isinstance(sampling, AtRate), "a burst has a rate"
        files = [path.read_bytes() for path in upload.pictures]
        return self._intake.keep_burst(owner, files, fps=sampling.fps, progress=job.report)


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
