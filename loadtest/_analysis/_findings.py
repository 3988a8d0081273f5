"""What can be said of a stage or a run beyond its numbers. Sentences are for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

CauseCode = Literal[
    "none",
    "generator",
    "before_gateway",
    "gateway_cpu",
    "preprocessing",
    "queue",
    "compute",
    "gpu_power",
    "gpu_heat",
    "unknown",
]
GradeLevel = Literal["good", "marginal", "poor", "unknown"]


@dataclass(frozen=True)
class ObjectiveResult:
    """`met` is None where it cannot be said: nothing was measured, or too few samples.

    Attributes:
        text: the objective as it was given.
        sentence: value, limit and what came of it.
    """

    text: str
    value: float | None
    met: bool | None
    sentence: str


@dataclass(frozen=True)
class Steadiness:
    """Whether the last three parts of a stage agree; ratios are largest ÷ smallest."""

    steady: bool | None
    throughput_ratio: float | None
    latency_ratio: float | None
    sentence: str


@dataclass(frozen=True)
class LittlesLaw:
    """Users against throughput × (response + think time); `holds` is None without data."""

    users: float
    expected_users: float | None
    holds: bool | None
    sentence: str


@dataclass(frozen=True)
class Breakdown:
    """Where an answer's mean time goes, in ms; `percents` are of `total_ms`.

    Attributes:
        inference_ms: Triton's compute where it is known, else the gateway's wait for Triton.
        queue_ms: waiting in Triton; None where it is not known and part of the inference.
        preprocessing_ms: decode and resize in the gateway.
        network_and_gateway_ms: the rest of the response time.
    """

    total_ms: float
    inference_ms: float
    queue_ms: float | None
    preprocessing_ms: float
    network_and_gateway_ms: float

    @property
    def percents(self) -> dict[str, float]:
        parts = {
            "inference": self.inference_ms,
            "queue": self.queue_ms or 0.0,
            "preprocessing": self.preprocessing_ms,
            "network_and_gateway": self.network_and_gateway_ms,
        }
        return {name: 100 * part / self.total_ms for name, part in parts.items()}


@dataclass(frozen=True)
class Cause:
    """What limits a stage.

    Attributes:
        evidence: the numbers that say so, as a sentence.
        advice: what to do, most promising first; empty where nothing needs doing.
    """

    code: CauseCode
    sentence: str
    evidence: str
    advice: Sequence[str]


@dataclass(frozen=True)
class Grade:
    """The grade of a run at the reference load, by the guide's table; with its advice."""

    level: GradeLevel
    users: int | None
    sentence: str
    advice: Sequence[str]


@dataclass(frozen=True)
class Capacity:
    """How many cameras the system carries.

    Attributes:
        cameras: the largest number that passed; None where none did.
        fails_at: the smallest number that failed; None where none did.
        spare_percent: of the carried load, how far the limit lies away from it (latency, CPU,
            GPU: the nearest); None where it cannot be said.
        sentence: the whole of it in words.
    """

    cameras: int | None
    fails_at: int | None
    spare_percent: float | None
    sentence: str


@dataclass(frozen=True)
class Recovery:
    """How long after the overload answers were as quick as before.

    Attributes:
        after_s: since the load was taken away; None where it did not happen while watched.
        limit_ms: what counts as quick.
    """

    after_s: float | None
    limit_ms: float
    sentence: str
