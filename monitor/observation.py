"""A sample and what it means: what every way of showing and keeping is given."""

from dataclasses import dataclass
from typing import Literal

from monitor.judgement.verdict import Verdict
from monitor.sample import Sample

DiagnosisCode = Literal[
    "gpu_bound",
    "instances_bound",
    "preprocessing_bound",
    "gateway_bound",
    "under_driven",
    "stalled",
    "insufficient_evidence",
]


@dataclass(frozen=True)
class Diagnosis:
    """What the system was waiting for in the last few samples.

    Attributes:
        sentence: In words, ending with a full stop.
        evidence: The numbers it rests on, a sentence each.
    """

    code: DiagnosisCode
    sentence: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Growth:
    """Memory that has kept growing, of a GPU or of the processes of a role.

    Attributes:
        what: "GPU 0 memory" or "gateway memory".
        alarming: More than a long-running system should lose.
    """

    what: str
    bytes_per_hour: float
    sentence: str
    alarming: bool = False


@dataclass(frozen=True)
class Observation:
    """Attributes:
    verdict: After hysteresis: it changes when several samples in a row say so.
    """

    sample: Sample
    verdict: Verdict
    diagnosis: Diagnosis
    growths: tuple[Growth, ...] = ()
