"""A quality model of Triton: what its configuration says of it, and what it says of a picture."""

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.errors import TritonFailed, TritonUnavailable
from backend.quality import MEASURES, SCORE, Bands, Description
from backend.triton.batching import Frame
from backend.triton.model import ModelClient
from backend.triton.wire import Inference

# Whichever model scores, the measures behind the answer are this one's.
MEASURING_MODEL = "capture_quality"


@dataclass(frozen=True)
class Identity:
    """What answered.

    Attributes:
        version: in Triton; None where it has not answered yet.
    """

    name: str
    version: str | None
    variant: str
    weights_sha256: str | None
    random_weights: bool
    bands: Bands


@dataclass(frozen=True)
class Judgement:
    """What one model says of one picture; the score is not clipped."""

    score: float
    measures: dict[str, float]
    model: Identity


class QualityModel:
    """One model, asked through its client; described anew whenever it may have become another.

    Args:
        client: wants the output `score`, and `measures` where there is one.
        timeout_s: longest wait for its configuration.
        allow_random_weights: ask it all the same where its weights were drawn.
    """

    def __init__(
        self, client: ModelClient, *, timeout_s: float, allow_random_weights: bool = False
    ) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._allow_random_weights = allow_random_weights
        self._description: Description | None = None
        self._version: str | None = None

    @property
    def name(self) -> str:
        return self._client.name

    def identify(self) -> Identity:
        """What would answer, with the version that answered last; raises as `describe` does."""
        known = self.describe()
        return Identity(
            name=self.name,
            version=self._version,
            variant=known.variant,
            weights_sha256=known.weights_sha256,
            random_weights=known.random_weights,
            bands=known.bands,
        )

    def describe(self) -> Description:
        """What it is; RandomWeights where it may not be asked, TritonError where it is away."""
        if self._description is None:
            config = self._client.config(deadline_s=time.monotonic() + self._timeout_s)
            description = Description.from_config(config)
            if not self._allow_random_weights:
                description.need_learned_weights(self.name)
            self._description, self._version = description, None
        return self._description

    def grey(self) -> NDArray[np.uint8]:
        """A picture of the size that it takes."""
        side = self.describe().side
        return np.full((side, side, 3), 128, dtype=np.uint8)

    def submit(
        self, pixels: NDArray[np.uint8], *, deadline_s: float, traceparent: str | None = None
    ) -> Frame:
        """Send a picture on its way; `collect` waits for what becomes of it."""
        return self._client.submit(pixels, deadline_s=deadline_s, traceparent=traceparent)

    def collect(self, frame: Frame) -> Judgement:
        """Wait for the judgement; raises TritonError."""
        try:
            inference = self._client.collect(frame)
        except (TritonFailed, TritonUnavailable):
            self._description = None
            raise
        return self._judge(inference)

    def _judge(self, inference: Inference) -> Judgement:
        if self._version not in (None, inference.model_version):
            self._description = None
        description = self.describe()
        self._version = inference.model_version
        score = float(inference.outputs[SCORE].flat[0])
        outputs = inference.outputs.get(MEASURES)
        values = [] if outputs is None else [float(value) for value in outputs.flat]
        if len(values) != len(description.measures):
            raise TritonFailed("The model answered another number of measures than it names.")
        if not all(math.isfinite(value) for value in (score, *values)):
            raise TritonFailed("The model answered something that is not a number.")
        measures = dict(zip(description.measures, values, strict=True))
        return Judgement(score, measures, self.identify())
