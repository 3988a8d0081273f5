"""What a quality model's own configuration in Triton says of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from backend.errors import RandomWeights, TritonFailed

IMAGE, SCORE, MEASURES = "image", "score", "measures"
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
    def from_config(cls, config: Mapping[str, Any]) -> "Description":
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

    def need_learned_weights(self, name: str) -> None:
        """Raise RandomWeights where those of the model of that name were drawn."""
        if self.random_weights:
            raise RandomWeights(
                f"The weights of {name} are random: its scores would say nothing of a picture. "
                "Import real ones, or set FRAMEGATE_ALLOW_RANDOM_WEIGHTS=true to try the plumbing."
            )
