"""Answers and models, made up."""

from backend.gateway.answer import Picture, Quality
from backend.gateway.quality_model import Identity
from backend.quality import Bands

BANDS = Bands(fair=0.35, good=0.6)
MEASURER = Identity("capture_quality", "1", "v1", None, False, BANDS)
MODEL = Identity("m", "1", "v1", "ab12", False, BANDS)
QUALITY = Quality(
    score=0.8452,
    raw_score=0.8452,
    band="good",
    reasons=("blurry",),
    face=None,
    picture=Picture(640, 480),
    measures={"sharpness": 51.6},
    model=MODEL,
    measured_by=MEASURER,
    stages_ms={"decode": 4.0, "triton": 3.0},
)
