"""From a file to its quality score: decode, preprocess, infer, each with its time."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend import images
from backend.errors import Overloaded, TritonError, TritonFailed
from backend.triton import Inference, TritonClient, contiguous_batch
from backend.web import metrics
from backend.web.uploads import Upload


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
    """Scores pictures with one model of Triton, at most `max_in_flight` at a time.

    Attributes:
        last_seen: version and variant of the model that answered last; None before any did.
    """

    def __init__(
        self, triton: TritonClient, model: str, *, max_pixels: int, max_in_flight: int
    ) -> None:
        self.model_name = model
        self.last_seen: tuple[str, str] | None = None
        self._triton = triton
        self._max_pixels = max_pixels
        self._slots = threading.BoundedSemaphore(max_in_flight)
        self._description: QualityModel | None = None
        self._described_version: str | None = None

    def score(self, upload: Upload) -> Quality:
        """Score one picture.

        Raises:
            Overloaded: no slot is free; nothing was decoded.
            BadInput: see `images.decode`.
            TritonError: see `triton.translate`.
        """
        if not self._slots.acquire(blocking=False):
            raise Overloaded("The gateway is working on as many pictures as it may: try again.")
        try:
            return self._score(upload)
        finally:
            self._slots.release()

    def _score(self, upload: Upload) -> Quality:
        stages_ms: dict[str, float] = {}
        image = self._prepare(upload, stages_ms)
        with _timed("triton", stages_ms):
            inference = self._infer(image)
        return self._answer(inference, stages_ms)

    def _prepare(self, upload: Upload, stages_ms: dict[str, float]) -> NDArray[np.uint8]:
        # A function of its own: the whole picture is let go before the wait for Triton.
        with _timed("decode", stages_ms):
            picture = images.decode(
                upload.data, max_pixels=self._max_pixels, media_type=upload.media_type
            )
        model = self._describe()
        with _timed("preprocess", stages_ms):
            return images.fit_square(picture, model.side)

    def canary(self) -> None:
        """Prove by an inference that the model answers: a dead model process still reads ready."""
        model = self._describe()
        grey = np.full((model.side, model.side, 3), 128, dtype=np.uint8)
        self._answer(self._infer(grey), {})

    def _infer(self, image: NDArray[np.uint8]) -> Inference:
        try:
            return self._triton.infer(
                self.model_name, {"image": contiguous_batch(image)}, ("score", "measures")
            )
        except TritonError:
            # It may come back as another version with other measures.
            self._description = None
            raise

    def _describe(self) -> QualityModel:
        if self._description is None:
            config = self._triton.model_config(self.model_name)
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


@contextmanager
def _timed(stage: str, stages_ms: dict[str, float]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    elapsed_s = time.perf_counter() - started
    stages_ms[stage] = elapsed_s * 1000
    metrics.observe_stage(stage, elapsed_s)
