"""The documents that can be compared: strict about what is needed, tolerant about the rest."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

Amount = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Users = Annotated[int, Field(ge=1, le=1_000_000)]


class _Document(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False)


class Head(_Document):
    """What every document has, to tell which it is."""

    schema_version: int
    kind: str = "run"


class MetricDocument(_Document):
    count: Count
    avg: Amount | None
    std: Amount | None
    p50: Amount | None
    p95: Amount | None
    p50_interval: tuple[Amount, Amount] | None = None
    p95_interval: tuple[Amount, Amount] | None = None

    @model_validator(mode="after")
    def _intervals_hold_their_values(self) -> Self:
        for value, interval in ((self.p50, self.p50_interval), (self.p95, self.p95_interval)):
            if interval is not None and not (
                value is not None and interval[0] <= value <= interval[1]
            ):
                raise ValueError("an interval does not hold its value")
        return self


class MetricsDocument(_Document):
    response: MetricDocument
    triton: MetricDocument | None = None
    score: MetricDocument | None = None


class MachineDocument(_Document):
    infer_ms: Amount | None = None
    gpu_percent: Amount | None = None
    temperature_celsius: float | None = None
    power_w: Amount | None = None


class VerdictDocument(_Document):
    level: str
    rule: str


class StageDocument(_Document):
    """`kind` came with version 2; before, every stage was one of the plan."""

    kind: str = "stage"
    users: Users
    requests: Count
    successful: Count
    duration_s: Amount
    offered_per_s: Amount
    metrics: MetricsDocument
    machine: MachineDocument = MachineDocument()
    verdict: VerdictDocument | None = None
    completed: bool = True

    @model_validator(mode="after")
    def _no_more_successes_than_requests(self) -> Self:
        if self.successful > self.requests:
            raise ValueError("more successful requests than requests")
        return self


class CapacityDocument(_Document):
    cameras: Users | None
    fails_at: Users | None


class PayloadsDocument(_Document):
    sha256: str


class HardwareDocument(_Document):
    cpu_model: str | None = None
    cpu_cores: int | None = None
    gpus: list[str] | None = None


class RunDocument(_Document):
    started: str | None = None
    configuration: dict[str, JsonValue] = {}
    payloads: PayloadsDocument | None = None
    models: list[str] = []
    hardware: HardwareDocument = HardwareDocument()
    stages: list[StageDocument]
    capacity: CapacityDocument | None = None


# From, to; an upper end that nobody stated is null.
Range = tuple[Amount, Amount | None]


class _BaselinePart(_Document):
    # Written by hand: a misspelt name must not go unseen.
    model_config = ConfigDict(extra="forbid")


class BaselineHardware(_BaselinePart):
    gpus: list[str]


class BaselineCapacity(_BaselinePart):
    cameras: Users | None
    fails_at: Users | None


class BaselineStage(_BaselinePart):
    """What is expected of so many users; what is left out, nothing is expected of."""

    users: Users
    success_percent: Range | None = None
    at_once_per_s: Range | None = None
    response_ms: Range | None = None
    infer_ms: Range | None = None
    gpu_percent: Range | None = None
    temperature_celsius: Range | None = None
    power_w: Range | None = None

    @model_validator(mode="after")
    def _ranges_rise(self) -> Self:
        for name in type(self).model_fields:
            match getattr(self, name):
                case (float(low), float(high)) if low > high:
                    raise ValueError(f"{name} is a range from more to less")
        return self


class BaselineDocument(_BaselinePart):
    schema_version: int
    kind: Literal["baseline"]
    name: str
    source: str
    notes: list[str] = []
    hardware: BaselineHardware | None = None
    stages: list[BaselineStage]
    capacity: BaselineCapacity | None = None
