"""Everything a finished run can say, in one value that the writers share."""

from collections.abc import Sequence
from dataclasses import dataclass

from loadtest._analysis._findings import (
    Breakdown,
    Capacity,
    Cause,
    Grade,
    LittlesLaw,
    ObjectiveResult,
    Recovery,
    Steadiness,
)
from loadtest._analysis._hardware import Hardware
from loadtest._analysis._machine import MachineInStage, Recording
from loadtest._analysis._stages import Measured, Moment, StageResult
from loadtest._analysis._verdicts import Outcome, StageVerdict
from loadtest._options import Camera, Options


@dataclass(frozen=True)
class PayloadSet:
    count: int
    total_bytes: int
    sha256: str


@dataclass(frozen=True)
class StageReport:
    result: StageResult
    machine: MachineInStage
    verdict: StageVerdict
    passed: bool | None = None
    objectives: Sequence[ObjectiveResult] = ()
    steadiness: Steadiness | None = None
    law: LittlesLaw | None = None
    breakdown: Breakdown | None = None
    cause: Cause | None = None


@dataclass(frozen=True)
class RunReport:
    started_s: float
    finished_s: float
    host: str
    options: Options
    processes: int
    cameras: Sequence[Camera]
    payloads: PayloadSet
    models: Sequence[str]
    hardware: Hardware
    versions: dict[str, str]
    recording: Recording
    stages: Sequence[StageReport]
    totals: Measured
    sent: int
    sent_failed: int
    timeline: Sequence[Moment]
    outcome: Outcome
    exit_code: int
    capacity: Capacity | None = None
    grade: Grade | None = None
    recovery: Recovery | None = None

    @property
    def passed(self) -> bool:
        return self.outcome == "passed"
