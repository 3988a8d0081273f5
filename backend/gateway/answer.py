"""What POST /v1/quality says of a picture, as a value."""

from dataclasses import dataclass

from backend.framing import Box
from backend.gateway.quality_model import Identity
from backend.quality import Band


@dataclass(frozen=True)
class Face:
    """What the look for faces found.

    Attributes:
        box: of the largest, in pixels of the upright picture; None where there is none.
    """

    count: int
    box: Box | None


@dataclass(frozen=True)
class Picture:
    """As it was sent, upright; in pixels."""

    width: int
    height: int


@dataclass(frozen=True)
class Quality:
    """One answer.

    Attributes:
        score: clipped to 0–1; with `raw_score` and `band` None where no face was found.
        raw_score: what the model said.
        reasons: codes of what is wrong with the picture, the most important first.
        face: None where nobody asked for it.
        measures: 0–100 each, higher is better.
        model: what scored, or would have.
        measured_by: what the measures come from.
        stages_ms: a remembered answer has none.
    """

    score: float | None
    raw_score: float | None
    band: Band | None
    reasons: tuple[str, ...]
    face: Face | None
    picture: Picture
    measures: dict[str, float]
    model: Identity
    measured_by: Identity
    stages_ms: dict[str, float]
    cached: bool = False
