"""A run's summary.json, as far as a plan needs it: strict about that, tolerant about the rest."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scripts.capacity.errors import Unreadable

SUMMARY = "summary.json"
# Version 1 has neither the cause of a stage nor the processors' share of it.
VERSION = 2

Amount = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]


class _Document(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False)


class Head(_Document):
    schema_version: int


class Machine(_Document):
    cpu_percents: dict[str, Amount] | None
    process_counts: dict[str, Count] | None
    host_cpu_cores: Annotated[int, Field(ge=1)] | None
    host_cpu_percent: Annotated[float, Field(ge=0, le=100)] | None
    gpu_percent: Annotated[float, Field(ge=0, le=100)] | None
    power_w: Amount | None


class Cause(_Document):
    code: str
    sentence: str


class Steadiness(_Document):
    steady: bool | None


class Stage(_Document):
    users: Annotated[int, Field(ge=1)]
    kind: str
    passed: bool | None
    achieved_per_s: Amount | None
    generator_cpu_percent: Amount | None
    cause: Cause | None
    steadiness: Steadiness | None
    machine: Machine


class Capacity(_Document):
    cameras: Count | None
    fails_at: Count | None


class Configuration(_Document):
    think_time_s: Annotated[float, Field(gt=0)]
    processes: Count
    camera: str
    burst: bool


class Payloads(_Document):
    count: Annotated[int, Field(ge=1)]
    total_bytes: Count
    sha256: str


class Hardware(_Document):
    cpu_model: str | None
    gpus: list[str] | None


class Summary(_Document):
    started: str
    configuration: Configuration
    payloads: Payloads
    models: list[str]
    hardware: Hardware
    capacity: Capacity | None
    stages: list[Stage]


def read_summary(given: Path) -> Summary:
    """Read a run folder or a summary.json.

    Raises:
        Unreadable: nothing is there, or it is no summary of this version.
    """
    path = given / SUMMARY if given.is_dir() else given
    try:
        text = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}.") from None
    try:
        version = Head.model_validate_json(text).schema_version
        if version != VERSION:
            raise Unreadable(
                f"{path} has schema_version {version}, and a plan needs version {VERSION}: "
                "repeat the run with this load tester."
            )
        return Summary.model_validate_json(text)
    except ValidationError as error:
        raise Unreadable(f"{path} is no summary of a load test: {_first(error)}.") from None


def _first(error: ValidationError) -> str:
    mistake = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in mistake["loc"])
    return f"{where}: {mistake['msg']}" if where else mistake["msg"]
