"""From a file to its quality: decode, find the face, preprocess, infer, each with its time."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import gevent
import numpy as np
from numpy.typing import NDArray

from backend import faces, framing, images
from backend.errors import DeadlineExceeded
from backend.gateway.answer import Face, Picture, Quality
from backend.gateway.quality_model import Identity, Judgement, QualityModel
from backend.gateway.reasons import reasons
from backend.web import metrics, tracing
from backend.web.slots import Slots
from backend.web.uploads import Upload

# From here on a picture takes several milliseconds, and a thread costs a small part of one.
LARGE_PIXELS = 1_000_000
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Prepared:
    """What is left of a file once it has been looked at.

    Attributes:
        image: what the models get: uint8, (side, side, 3), RGB.
        boxes: of the faces, the largest first; None where they were not looked for.
    """

    image: NDArray[np.uint8]
    picture: Picture
    boxes: tuple[framing.Box, ...] | None

    @property
    def no_face(self) -> bool:
        return self.boxes == ()


class QualityScorer:
    """Scores pictures with one model, at most `max_in_flight` at a time.

    Args:
        scoring: gives the score.
        measuring: gives the measures where `scoring` names none of its own.
        timeout_s: longest wait for Triton, whatever the caller allows.

    Attributes:
        last_seen: what scored and what measured last; None before any did.
    """

    def __init__(
        self,
        scoring: QualityModel,
        measuring: QualityModel,
        *,
        max_pixels: int,
        max_in_flight: int,
        timeout_s: float,
    ) -> None:
        self.last_seen: tuple[Identity, Identity] | None = None
        self._scoring = scoring
        self._measuring = measuring
        self._max_pixels = max_pixels
        self._slots = Slots(
            max_in_flight, "The gateway is working on as many pictures as it may: try again."
        )
        self._timeout_s = timeout_s

    def check_room(self) -> None:
        """Raise Overloaded where the next picture would be refused anyway, before it is read."""
        self._slots.check_room()

    def score(
        self, upload: Upload, *, find_face: bool = False, deadline_s: float = math.inf
    ) -> Quality:
        """Score one picture.

        Args:
            find_face: score the largest face and what is close round it, not the picture's
                centre. Where there is none, nothing is scored.
            deadline_s: when the caller stops waiting, on the clock of time.monotonic().

        Raises:
            Overloaded: no slot is free; nothing was decoded.
            DeadlineExceeded: the time was up before Triton was asked.
            BadInput: see `images.inspect` and `images.decode`.
            TritonError: see `QualityModel`.
        """
        with self._slots:
            return self._score(upload, find_face, deadline_s)

    def canary(self) -> None:
        """Prove by an inference that the models answer: one that died still reads ready."""
        self._ask(self._scoring.grey(), time.monotonic() + self._timeout_s, score=True)

    def _score(self, upload: Upload, find_face: bool, deadline_s: float) -> Quality:
        laps = _Laps()
        prepared = self._prepare(upload, find_face, laps)
        now_s = time.monotonic()
        if now_s >= deadline_s:
            raise DeadlineExceeded("The request's own deadline passed before Triton was asked.")
        until_s = min(deadline_s, now_s + self._timeout_s)
        scored, measured = self._ask(prepared.image, until_s, score=not prepared.no_face)
        laps.end("triton")
        return self._answer(prepared, scored, measured, laps.ms)

    def _prepare(self, upload: Upload, find_face: bool, laps: "_Laps") -> _Prepared:
        # A function of its own: the whole picture is let go before the wait for Triton.
        encoded = images.inspect(
            upload.data, max_pixels=self._max_pixels, media_type=upload.media_type
        )
        side = self._scoring.describe().side
        laps.begin()
        # A face may fill a small part of the picture: none of its pixels can be spared.
        decoded_for = None if find_face else side
        pixels = _off_the_loop(encoded, lambda: images.decode(encoded, side=decoded_for))
        laps.end("decode")
        picture = Picture(*images.upright_size(encoded, pixels))
        boxes, square = None, None
        if find_face:
            boxes = _off_the_loop(encoded, lambda: faces.find(pixels))
            if boxes:
                square = framing.crop_square(boxes[0], picture.width, picture.height)
            laps.end("detect")
        image = _off_the_loop(encoded, lambda: images.fit_square(pixels, side, square))
        laps.end("preprocess")
        return _Prepared(image, picture, boxes)

    def _ask(
        self, image: NDArray[np.uint8], deadline_s: float, *, score: bool
    ) -> tuple[Judgement | None, Judgement]:
        """Both models at once, or the one that is both."""
        measuring = self._scoring if self._scoring.describe().measures else self._measuring
        trace = tracing.traceparent()
        asked = measuring.submit(image, deadline_s=deadline_s, traceparent=trace)
        if not score:
            return None, measuring.collect(asked)
        if measuring is self._scoring:
            scored = measured = measuring.collect(asked)
        else:
            beside = self._scoring.submit(image, deadline_s=deadline_s, traceparent=trace)
            scored, measured = self._scoring.collect(beside), measuring.collect(asked)
        metrics.show_model(scored.model.name, str(scored.model.version), scored.model.variant)
        self.last_seen = (scored.model, measured.model)
        return scored, measured

    def _answer(
        self,
        prepared: _Prepared,
        scored: Judgement | None,
        measured: Judgement,
        stages_ms: dict[str, float],
    ) -> Quality:
        model = scored.model if scored else self._scoring.identify()
        raw_score = round(scored.score, 4) if scored else None
        score = None if raw_score is None else min(1.0, max(0.0, raw_score))
        size = (prepared.picture.width, prepared.picture.height)
        boxes = prepared.boxes
        measures = measured.measures | framing.measures(boxes or (), *size)
        guidance = [] if boxes is None else framing.guidance(boxes, *size)
        return Quality(
            score=score,
            raw_score=raw_score,
            band=None if score is None else model.bands.of(score),
            reasons=(*guidance, *reasons(measured.measures)),
            face=None if boxes is None else Face(len(boxes), boxes[0] if boxes else None),
            picture=prepared.picture,
            measures={name: round(value, 1) for name, value in measures.items()},
            model=model,
            measured_by=measured.model,
            stages_ms=stages_ms,
        )


def _off_the_loop(picture: images.EncodedPicture, work: Callable[[], Result]) -> Result:
    """Do the work on a large picture in a thread: meanwhile other requests go on."""
    if picture.pixels < LARGE_PIXELS:
        return work()
    result: Result = gevent.get_hub().threadpool.apply(work)
    return result


class _Laps:
    """Times of the stages, one after the other."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}
        self.begin()

    def begin(self) -> None:
        self._begun_s = time.perf_counter()

    def end(self, stage: str) -> None:
        now_s = time.perf_counter()
        elapsed_s, self._begun_s = now_s - self._begun_s, now_s
        self.ms[stage] = elapsed_s * 1000
        metrics.observe_stage(stage, elapsed_s)
        tracing.observe_stage(stage, elapsed_s)
