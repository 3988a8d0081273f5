"""One clip from its upload to its end; nothing of it is left behind but by wish."""

import contextlib
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from scripts._stack import undisturbed
from scripts.clips.client import Answer, ClipsClient, refused
from scripts.clips.errors import Cancelled, ClipFailed, Refused, Unreachable
from scripts.clips.options import ALL, BEST, Options
from scripts.clips.progress import Progress

POLL_S = 0.5
# For how long a gateway that is away, as while it is started again, is asked about a job.
PATIENCE_S = 60.0


class Errand:
    """What is asked of the gateway about one clip.

    Args:
        sleep: waits so many seconds.
        clock: seconds from anywhere.
    """

    def __init__(
        self,
        client: ClipsClient,
        options: Options,
        progress: Progress,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._options = options
        self._progress = progress
        self._sleep = sleep
        self._clock = clock
        self._job: str | None = None
        self._clip: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        keep = kind is None and self._options.keep
        with undisturbed():
            with contextlib.suppress(ClipFailed):
                if self._job is not None:
                    # It may have been done meanwhile, and then there is a clip.
                    left = self._client.cancel(self._job)["clip"]
                    self._clip = self._clip or left
            with contextlib.suppress(ClipFailed):  # it goes by itself after a while
                if self._clip is not None and not keep:
                    self._client.delete_clip(self._clip)

    def upload(self) -> Any:
        """The clip, decoded."""
        # A key or a model that is missing is not found out after 200 MB.
        self._client.clips()
        for name in (self._options.infer, self._options.detector):
            if name is not None:
                self._client.model(name)
        on_bytes = self._progress.upload(self._options.files)
        answer = self._client.upload(self._options.files, self._options.sampling, on_bytes)
        clip = self._result(answer, "Decoding")
        self._clip = clip["id"]
        return clip

    def best_shot(self) -> Any:
        """The best frames, with the scores of all."""
        query = {"top": str(self._options.top), "distance_s": f"{self._options.distance_s:g}"}
        if self._options.face:
            query["face"] = "auto"
        return self._result(self._client.best_shot(self._named, query), "Scoring")

    def infer(self, model: str, best_shot: Any) -> Any:
        """What a model of the zoo says of the frames; None: of no frames."""
        if self._options.infer_frames == BEST and not best_shot["shots"]:
            return None
        query = infer_query(self._options, model, best_shot)
        return self._result(self._client.infer(self._named, query), f"Asking {model}")

    def frame(self, number: int) -> bytes:
        return self._client.frame(self._named, number)

    @property
    def _named(self) -> str:
        assert self._clip is not None, "upload comes first"
        return self._clip

    def _result(self, answer: Answer, what: str) -> Any:
        return self._followed(answer.document, what) if answer.is_job else answer.document

    def _followed(self, job: Any, what: str) -> Any:
        """The job's result, once it is there.

        Raises:
            Refused: the job failed, or nobody knows it any longer.
            Cancelled: by somebody else.
            Unreachable: the gateway stays away.
        """
        self._job = job["id"]
        show = self._progress.job(what)
        heard_s = self._clock()
        while job["state"] in ("queued", "running"):
            show(job)
            self._sleep(POLL_S)
            try:
                job = self._client.job(job["id"])
                heard_s = self._clock()
            except (Refused, Unreachable) as error:
                if not passes(error) or self._clock() - heard_s > PATIENCE_S:
                    raise
        self._job = None
        show(job)
        if job["state"] == "done":
            return job["result"]
        if job["problem"] is not None:
            raise refused(job["problem"])
        raise Cancelled("The job was cancelled by somebody else.")


def infer_query(options: Options, model: str, best_shot: Any) -> Mapping[str, str]:
    """What to ask `model`, and about which frames."""
    query = {"model": model, **options.infer_options}
    if options.infer_frames == BEST:
        query["frames"] = ",".join(str(shot["frame"]) for shot in best_shot["shots"])
    elif options.infer_frames != ALL:
        query["frames"] = options.infer_frames
    if options.detector is not None:
        query["detector"] = options.detector
    return query


def passes(error: Refused | Unreachable) -> bool:
    """Whether asking again may help."""
    return isinstance(error, Unreachable) or error.status >= 500 or error.status == 429
