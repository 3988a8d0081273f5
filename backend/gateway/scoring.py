"""From a file to its quality score: decode, preprocess, infer, each with its time."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import gevent
import numpy as np
from numpy.typing import NDArray

from backend import images
from backend.errors import DeadlineExceeded, Overloaded, TritonFailed, TritonUnavailable
from backend.triton.model import ModelClient
from backend.triton.wire import Inference
from backend.web import metrics
from backend.web.uploads import Upload

# From here on a picture takes several milliseconds, and a thread costs a small part of one.
LARGE_PIXELS = 1_000_000
Result = TypeVar("Result")


@dataclass(frozen=True)
class QualityModel:
    """What the model's own configuration says about it.

    Attributes:
        side: width and height of its input, in pixels.
        measures: what the elements of its output `measures` are called, in order.
        variant: which scorer or weights these are.
    """

    side: int
    measures: tuple[str, ...]
    variant: str

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "QualityModel":
        """Read a configuration; TritonFailed where it is not one of a quality model."""
        try:
            side = int(config["input"][0]["dims"][0])
        except (LookupError, TypeError, ValueError) as error:
            raise TritonFailed("The model's configuration has no square input.") from error
        parameters = config.get("parameters", {})

        def parameter(name: str) -> str:
            return str(parameters.get(name, {}).get("string_value", ""))

        return cls(
            side=side,
            measures=tuple(filter(None, parameter("measures").split(","))),
            variant=parameter("variant") or "unknown",
        )


@dataclass(frozen=True)
class Quality:
    """One answer. Times are milliseconds; a cached answer has no stages."""

    score: float
    measures: dict[str, float]
    model_version: str
    model_variant: str
    stages_ms: dict[str, float]
    cached: bool = False


class QualityScorer:
    """Scores pictures with one model, at most `max_in_flight` at a time.

    Args:
        timeout_s: longest wait for Triton, whatever the caller allows.

    Attributes:
        last_seen: version and variant of the model that answered last; None before any did.
    """

    def __init__(
        self, model: ModelClient, *, max_pixels: int, max_in_flight: int, timeout_s: float
    ) -> None:
        self.last_seen: tuple[str, str] | None = None
        self._model = model
        self._max_pixels = max_pixels
        self._free = max_in_flight
        self._timeout_s = timeout_s
        self._description: QualityModel | None = None
        self._described_version: str | None = None

    @property
    def model_name(self) -> str:
        return self._model.name

    def check_room(self) -> None:
        """Raise Overloaded where the next picture would be refused anyway, before it is read."""
        if self._free == 0:
            raise Overloaded("The gateway is working on as many pictures as it may: try again.")

    def score(self, upload: Upload, *, deadline_s: float = math.inf) -> Quality:
        """Score one picture.

        Args:
            deadline_s: when the caller stops waiting, on the clock of time.monotonic().

        Raises:
            Overloaded: no slot is free; nothing was decoded.
            DeadlineExceeded: the time was up before Triton was asked.
            BadInput: see `images.inspect` and `images.decode`.
            TritonError: see `ModelClient.infer`.
        """
        self.check_room()
        self._free -= 1
        try:
            return self._score(upload, deadline_s)
        finally:
            self._free += 1

    def _score(self, upload: Upload, deadline_s: float) -> Quality:
        laps = _Laps()
        image = self._prepare(upload, laps)
        now_s = time.monotonic()
        if now_s >= deadline_s:
            raise DeadlineExceeded("The request's own deadline passed before Triton was asked.")
        inference = self._infer(image, min(deadline_s, now_s + self._timeout_s))
        laps.end("triton")
        return self._answer(inference, laps.ms)

    def _prepare(self, upload: Upload, laps: "_Laps") -> NDArray[np.uint8]:
        # A function of its own: the whole picture is let go before the wait for Triton.
        encoded = images.inspect(
            upload.data, max_pixels=self._max_pixels, media_type=upload.media_type
        )
        side = self._describe().side
        laps.begin()
        pixels = _off_the_loop(encoded, lambda: images.decode(encoded, side=side))
        laps.end("decode")
        fitted = _off_the_loop(encoded, lambda: images.fit_square(pixels, side))
        laps.end("preprocess")
        return fitted

    def canary(self) -> None:
        """Prove by an inference that the model answers: a dead model process still reads ready."""
        side = self._describe().side
        grey = np.full((side, side, 3), 128, dtype=np.uint8)
        self._answer(self._infer(grey, time.monotonic() + self._timeout_s), {})

    def _infer(self, image: NDArray[np.uint8], deadline_s: float) -> Inference:
        try:
            return self._model.infer(image, deadline_s=deadline_s)
        except (TritonFailed, TritonUnavailable):
            # It may come back as another version with other measures.
            self._description = None
            raise

    def _describe(self) -> QualityModel:
        if self._description is None:
            config = self._model.config(deadline_s=time.monotonic() + self._timeout_s)
            self._description = QualityModel.from_config(config)
            self._described_version = None
        return self._description

    def _answer(self, inference: Inference, stages_ms: dict[str, float]) -> Quality:
        if self._described_version not in (None, inference.model_version):
            self._description = None
        model = self._describe()
        self._described_version = inference.model_version
        score = float(inference.outputs["score"].flat[0])
        values = [float(value) for value in inference.outputs["measures"].flat]
        if len(values) != len(model.measures):
            raise TritonFailed("The model answered another number of measures than it names.")
        if not all(math.isfinite(value) for value in (score, *values)):
            raise TritonFailed("The model answered something that is not a number.")
        self.last_seen = (inference.model_version, model.variant)
        metrics.show_model(self.model_name, *self.last_seen)
        return Quality(
            score=round(score, 4),
            measures={
                name: round(value, 1) for name, value in zip(model.measures, values, strict=True)
            },
            model_version=inference.model_version,
            model_variant=model.variant,
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
