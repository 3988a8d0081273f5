"""A quality model of Triton: what its configuration says of it, and what it says of a picture."""

import math
import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from backend.errors import RandomWeights, TritonFailed, TritonUnavailable
from backend.triton.batching import Frame
from backend.triton.model import ModelClient
from backend.triton.wire import Inference

# Whichever model scores, the measures behind the answer are this one's.
MEASURING_MODEL = "capture_quality"
SCORE, MEASURES = "score", "measures"
Band = Literal["good", "fair", "poor"]


@dataclass(frozen=True)
class Bands:
    """Where a variant's scores begin to be fair, and good: scores of two variants differ."""

    fair: float
    good: float

    @classmethod
    def read(cls, text: str) -> "Bands":
        """Read `fair=0.35,good=0.6`; ValueError where it says anything else."""
        values = dict(part.split("=", 1) for part in text.split(","))
        bands = cls(fair=float(values.pop("fair", "")), good=float(values.pop("good", "")))
        if values or not 0 <= bands.fair <= bands.good <= 1:
            raise ValueError(f"{text!r} does not say where fair and good begin")
        return bands

    def of(self, score: float) -> Band:
        return "good" if score >= self.good else "fair" if score >= self.fair else "poor"


@dataclass(frozen=True)
class Description:
    """What a model's own configuration says about it.

    Attributes:
        side: width and height of its input, in pixels.
        variant: which scorer or weights these are.
        bands: of this variant.
        weights_sha256: digest of the file of weights; None where there are none.
        random_weights: they were drawn, not learned, and the scores say nothing of a picture.
        measures: what the elements of its output `measures` are called, in order.
    """

    side: int
    variant: str
    bands: Bands
    weights_sha256: str | None = None
    random_weights: bool = False
    measures: tuple[str, ...] = ()

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Description":
        """Read a configuration; TritonFailed where it is not one of a quality model."""
        try:
            side = int(config["input"][0]["dims"][0])
        except (LookupError, TypeError, ValueError) as error:
            raise TritonFailed("The model's configuration has no square input.") from error
        parameters = config.get("parameters", {})

        def parameter(name: str) -> str:
            return str(parameters.get(name, {}).get("string_value", ""))

        try:
            bands = Bands.read(parameter("bands"))
        except ValueError as error:
            raise TritonFailed(
                "The model's configuration names no bands: it needs the parameter `bands`, as in "
                "fair=0.35,good=0.6."
            ) from error
        return cls(
            side=side,
            variant=parameter("variant") or "unknown",
            bands=bands,
            weights_sha256=parameter("weights_sha256") or None,
            random_weights=parameter("random_weights") == "true",
            measures=tuple(filter(None, parameter("measures").split(","))),
        )


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
            if description.random_weights and not self._allow_random_weights:
                raise RandomWeights(
                    f"The weights of {self.name} are random: its scores would say nothing of a "
                    "picture. Import real ones, or set FRAMEGATE_ALLOW_RANDOM_WEIGHTS=true to try "
                    "the plumbing."
                )
            self._description, self._version = description, None
        return self._description

    def grey(self) -> NDArray[np.uint8]:
        """A picture of the size that it takes."""
        side = self.describe().side
        return np.full((side, side, 3), 128, dtype=np.uint8)

    def submit(self, pixels: NDArray[np.uint8], *, deadline_s: float) -> Frame:
        """Send a picture on its way; `collect` waits for what becomes of it."""
        return self._client.submit(pixels, deadline_s=deadline_s)

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
