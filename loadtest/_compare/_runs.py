"""A run, or what was expected of one, as the comparison needs it."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from loadtest._compare._documents import (
    BaselineCapacity,
    BaselineDocument,
    BaselineStage,
    CapacityDocument,
    MetricDocument,
    Range,
    RunDocument,
    StageDocument,
)
from loadtest._compare._figures import FigureName
from loadtest._compare._values import (
    Value,
    mean_interval,
    measured,
    rate_interval,
    wilson_percent,
)

# Where a run was sent says nothing of how; its stages are matched one by one.
_PLACES = ("host", "stages")
_DIGEST_LENGTH = 12


@dataclass(frozen=True)
class Bracket:
    """The capacity lies from `cameras`, which passed, to below `fails_at`."""

    cameras: int | None
    fails_at: int | None


@dataclass(frozen=True)
class Stage:
    """One stage; an expectation has no kind, and holds for every stage of as many users.

    Attributes:
        at_once_per_s: the rate that is expected of all users' frames sent at the same moment.
        doubt: why its numbers say nothing of the system.
    """

    users: int
    kind: str | None
    values: Mapping[FigureName, Value]
    offered_per_s: float | None = None
    at_once_per_s: Value | None = None
    doubt: str | None = None


@dataclass(frozen=True)
class Run:
    """One side of a comparison.

    Attributes:
        setup: what else could make two runs differ, by name.
        source: of expectations, whose they are; None of a run.
    """

    name: str
    stages: tuple[Stage, ...]
    capacity: Bracket | None
    setup: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def expected(self) -> bool:
        return self.source is not None


def run_from(name: str, document: RunDocument) -> Run:
    return Run(
        name=name,
        stages=tuple(_measured_stage(stage) for stage in document.stages),
        capacity=_bracket(document.capacity),
        setup=_setup(document),
    )


def run_from_baseline(document: BaselineDocument) -> Run:
    return Run(
        name=document.name,
        stages=tuple(_expected_stage(stage) for stage in document.stages),
        capacity=_bracket(document.capacity),
        setup={} if document.hardware is None else {"GPU": _listed(document.hardware.gpus)},
        source=document.source,
        notes=tuple(document.notes),
    )


def expectation_for(expected: Stage, stage: Stage) -> Stage:
    """The expectation as it holds for one stage.

    Frames all sent at the same moment say how many the system can answer per second; cameras that
    keep a pace never ask for more than they offer. So the rate is at least the lesser of the two,
    and nothing can be said of it in a burst, whose length is not the frames'.
    """
    at_once, offered_per_s = expected.at_once_per_s, stage.offered_per_s
    if at_once is None or offered_per_s is None or stage.kind == "burst":
        return expected
    at_least = Value(min(at_once.low, offered_per_s), math.inf, expected=True)
    return replace(expected, values={**expected.values, "achieved_per_s": at_least})


def _measured_stage(stage: StageDocument) -> Stage:
    response, triton, score = stage.metrics.response, stage.metrics.triton, stage.metrics.score
    requests, successful, machine = stage.requests, stage.successful, stage.machine
    values: dict[FigureName, Value | None] = {
        "response_p50_ms": measured(response.p50, response.p50_interval),
        "response_p95_ms": measured(response.p95, response.p95_interval),
        "response_avg_ms": _mean(response),
        "triton_avg_ms": _mean(triton),
        "score_avg": _mean(score),
        "infer_ms": measured(machine.infer_ms),
        "gpu_percent": measured(machine.gpu_percent),
        "temperature_celsius": measured(machine.temperature_celsius),
        "power_w": measured(machine.power_w),
    }
    if requests:
        values["success_percent"] = measured(
            100 * successful / requests, wilson_percent(successful, requests)
        )
    if stage.duration_s > 0:
        values["achieved_per_s"] = measured(
            successful / stage.duration_s,
            rate_interval(successful, requests, stage.users, stage.duration_s),
        )
    return Stage(
        users=stage.users,
        kind=stage.kind,
        values={name: value for name, value in values.items() if value is not None},
        offered_per_s=stage.offered_per_s,
        doubt=_doubt(stage),
    )


def _doubt(stage: StageDocument) -> str | None:
    if stage.verdict is not None and stage.verdict.level == "inconclusive":
        return stage.verdict.rule
    return None if stage.completed else "it was not completed"


def _mean(metric: MetricDocument | None) -> Value | None:
    if metric is None:
        return None
    return measured(metric.avg, mean_interval(metric.avg, metric.std, metric.count))


def _expected_stage(stage: BaselineStage) -> Stage:
    values: dict[FigureName, Value | None] = {
        "success_percent": _range(stage.success_percent),
        # What a typical request takes; the median is the typical one.
        "response_p50_ms": _range(stage.response_ms),
        "infer_ms": _range(stage.infer_ms),
        "gpu_percent": _range(stage.gpu_percent),
        "temperature_celsius": _range(stage.temperature_celsius),
        "power_w": _range(stage.power_w),
    }
    return Stage(
        users=stage.users,
        kind=None,
        values={name: value for name, value in values.items() if value is not None},
        at_once_per_s=_range(stage.at_once_per_s),
    )


def _range(ends: Range | None) -> Value | None:
    if ends is None:
        return None
    low, high = ends
    return Value(low, math.inf if high is None else high, expected=True)


def _bracket(capacity: CapacityDocument | BaselineCapacity | None) -> Bracket | None:
    return None if capacity is None else Bracket(capacity.cameras, capacity.fails_at)


def _setup(document: RunDocument) -> dict[str, str]:
    hardware = document.hardware
    setup = {
        name: json.dumps(value, ensure_ascii=False)
        for name, value in document.configuration.items()
        if name not in _PLACES
    }
    if document.payloads is not None:
        setup["pictures"] = document.payloads.sha256[:_DIGEST_LENGTH]
    if document.models:
        setup["model"] = _listed(sorted(document.models))
    if hardware.cpu_model is not None:
        setup["CPU"] = hardware.cpu_model
    if hardware.cpu_cores is not None:
        setup["number of cores"] = str(hardware.cpu_cores)
    if hardware.gpus is not None:
        setup["GPU"] = _listed(hardware.gpus)
    return setup


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"
