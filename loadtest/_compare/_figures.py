"""The figures that are compared, and which way of each is worse."""

from dataclasses import dataclass
from typing import Literal

FigureName = Literal[
    "success_percent",
    "achieved_per_s",
    "response_p50_ms",
    "response_p95_ms",
    "response_avg_ms",
    "triton_avg_ms",
    "infer_ms",
    "gpu_percent",
    "temperature_celsius",
    "power_w",
    "score_avg",
]


@dataclass(frozen=True)
class Figure:
    """One number of a stage.

    Attributes:
        better: which way is better; "neither" can differ, but is no regression.
        judged: "shown" is there to explain the others; "expected" is judged against a stated
            range, and shown where both were measured: it has no uncertainty to judge by.
        worse_words, better_words: what B then is or does.
        in_points: a change is told in percentage points, not in percent of A.
    """

    name: FigureName
    label: str
    unit: str
    better: Literal["lower", "higher", "neither"]
    judged: Literal["always", "expected", "shown"] = "always"
    worse_words: str = "is slower"
    better_words: str = "is faster"
    in_points: bool = False


FIGURES = (
    Figure(
        "success_percent",
        "success",
        "%",
        "higher",
        worse_words="fails more often",
        better_words="fails less often",
        in_points=True,
    ),
    Figure(
        "achieved_per_s",
        "rate",
        "/s",
        "higher",
        worse_words="answers fewer frames",
        better_words="answers more frames",
    ),
    Figure("response_p50_ms", "p50", "ms", "lower"),
    Figure("response_p95_ms", "p95", "ms", "lower"),
    Figure("response_avg_ms", "mean", "ms", "lower"),
    Figure("triton_avg_ms", "Triton", "ms", "lower"),
    Figure("infer_ms", "inference", "ms", "lower", judged="expected"),
    Figure("gpu_percent", "GPU", "%", "neither", judged="shown"),
    Figure("temperature_celsius", "GPU", "°C", "neither", judged="shown"),
    Figure("power_w", "GPU", "W", "neither", judged="shown"),
    Figure("score_avg", "score", "", "neither"),
)
