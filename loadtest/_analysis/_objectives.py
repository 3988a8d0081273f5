"""Objectives of `--slo` in k6's threshold grammar: read once, held against each stage.

    [metric:]aggregate operator number[unit]        p(95)<500   scheduled:p(99)<=1s   avg<300ms
    scalar operator number[%]                       success>=99   failed==0   rate>=50

Source: the threshold expressions of Grafana k6. Ours are stricter: an unknown name is an error.
"""

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from loadtest._analysis._findings import ObjectiveResult
from loadtest._analysis._metrics import Metric, samples_needed
from loadtest._analysis._stages import Measured
from monitor.judgement.verdict import truthful

DEFAULT_METRIC = "response"
METRICS: Mapping[str, Callable[[Measured], Metric]] = {
    "response": lambda measured: measured.response_ms,
    "scheduled": lambda measured: measured.scheduled_ms,
    "decode": lambda measured: measured.decode_ms,
    "preprocess": lambda measured: measured.preprocess_ms,
    "triton": lambda measured: measured.triton_ms,
    "gateway": lambda measured: measured.gateway_ms,
}
AGGREGATES: Mapping[str, Callable[[Metric], float | None]] = {
    "avg": lambda metric: metric.avg,
    "med": lambda metric: metric.p50,
    "min": lambda metric: metric.min,
    "max": lambda metric: metric.max,
    "p(50)": lambda metric: metric.p50,
    "p(90)": lambda metric: metric.p90,
    "p(95)": lambda metric: metric.p95,
    "p(99)": lambda metric: metric.p99,
}


def _failed_percent(measured: Measured) -> float | None:
    return 100 * measured.failed / measured.requests if measured.requests else None


SCALARS: Mapping[str, Callable[[Measured], float | None]] = {
    "success": lambda measured: measured.success_percent,
    "failed": _failed_percent,
    "rate": lambda measured: measured.achieved_per_s,
}
SCALAR_UNITS = {"success": "%", "failed": "%", "rate": "per s"}
OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}

_SPLIT = re.compile(
    r"\s*(?:(?P<metric>[^:<>=!]*?)\s*:)?\s*(?P<aggregate>[^:<>=!]+?)\s*(?P<operator>[<>=!]+)\s*"
    r"(?P<number>[^\s<>=!]+?)\s*(?P<unit>ms|s|%|)\s*"
)
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_PERCENTILE = re.compile(r"p\(\s*([0-9]+(?:\.[0-9]+)?)\s*\)")


@dataclass(frozen=True)
class Objective:
    """One objective; `limit` is in milliseconds, in percent for success and failed, or per second.

    Attributes:
        text: as it was given.
        metric: None for a scalar.
        aggregate: a name in AGGREGATES, or in SCALARS.
    """

    text: str
    metric: str | None
    aggregate: str
    operator: str
    limit: float

    @property
    def unit(self) -> str:
        return SCALAR_UNITS.get(self.aggregate, "ms")

    @property
    def name(self) -> str:
        return self.aggregate if self.metric is None else f"{self.metric} {self.aggregate}"


def parse(text: str) -> Objective:
    """Read one objective.

    Raises:
        ValueError: with a sentence that names what is wrong and what is known.
    """
    parts = _SPLIT.fullmatch(text)
    if parts is None:
        raise ValueError(
            f"an objective is like p(95)<500, scheduled:avg<=1s or success>=99, not {text!r}"
        )
    if parts["operator"] not in OPERATORS:
        raise ValueError(
            f"{parts['operator']!r} in {text!r} is none of the operators {_listed(OPERATORS)}"
        )
    if parts["aggregate"] in SCALARS:
        return _scalar(text, parts)
    metric = DEFAULT_METRIC if parts["metric"] is None else parts["metric"]
    if metric not in METRICS:
        raise ValueError(f"{metric!r} in {text!r} is none of the metrics {_listed(METRICS)}")
    aggregate = _aggregate(text, parts["aggregate"])
    if parts["operator"] in ("==", "!="):
        raise ValueError(f"{text!r}: a time is never exactly a number; use <, <=, > or >=")
    if parts["unit"] == "%":
        raise ValueError(f"{text!r}: a time is in ms (the default) or s, not in %")
    scale = 1000.0 if parts["unit"] == "s" else 1.0
    limit_ms = _number(text, parts["number"], scale)
    return Objective(text, metric, aggregate, parts["operator"], limit_ms)


def parse_all(texts: Iterable[str]) -> tuple[Objective, ...]:
    """Read several objectives, in their order; ValueError as from `parse`."""
    return tuple(parse(text) for text in texts)


def evaluate(objective: Objective, measured: Measured) -> ObjectiveResult:
    value = _value(objective, measured)
    bound = f"{objective.operator} {objective.limit:.15g} {objective.unit}"
    if value is None:
        reason = _why_unknown(objective, measured)
        sentence = f"{objective.name} {bound} cannot be said: {reason}."
        return ObjectiveResult(objective.text, None, None, sentence)
    met = OPERATORS[objective.operator](value, objective.limit)
    shown = f"{objective.name} is {truthful(value, objective.limit)} {objective.unit}"
    outcome = "met" if met else "not met"
    return ObjectiveResult(objective.text, value, met, f"{shown}, objective {bound}: {outcome}.")


def _scalar(text: str, parts: re.Match[str]) -> Objective:
    aggregate, unit = parts["aggregate"], parts["unit"]
    percent = SCALAR_UNITS[aggregate] == "%"
    if parts["metric"] is not None:
        raise ValueError(f"{text!r}: {aggregate} stands alone, without {parts['metric']!r} before")
    if unit not in (("", "%") if percent else ("",)):
        allowed = "a percentage" if percent else "good answers per second, without a unit"
        raise ValueError(f"{text!r}: {aggregate} is {allowed}, not in {unit}")
    limit = _number(text, parts["number"])
    if percent and limit > 100:
        raise ValueError(f"{text!r}: {aggregate} is a percentage from 0 to 100")
    if not percent and parts["operator"] in ("==", "!="):
        raise ValueError(f"{text!r}: a rate is never exactly a number; use <, <=, > or >=")
    return Objective(text, None, aggregate, parts["operator"], limit)


def _aggregate(text: str, word: str) -> str:
    percentile = _PERCENTILE.fullmatch(word)
    name = f"p({float(percentile[1]):.15g})" if percentile else word
    if name in AGGREGATES:
        return name
    known = f"{_listed(AGGREGATES)}; without a metric also {_listed(SCALARS)}"
    raise ValueError(f"{word!r} in {text!r} is none of the aggregates {known}")


def _number(text: str, word: str, scale: float = 1.0) -> float:
    number = scale * float(word) if _NUMBER.fullmatch(word) else math.nan
    if not math.isfinite(number):
        raise ValueError(
            f"{word!r} in {text!r} is not a number from 0 up, like 500 or 99.9; "
            "ms, s or % may follow it"
        )
    return number


def _value(objective: Objective, measured: Measured) -> float | None:
    if objective.metric is None:
        return SCALARS[objective.aggregate](measured)
    return AGGREGATES[objective.aggregate](METRICS[objective.metric](measured))


def _why_unknown(objective: Objective, measured: Measured) -> str:
    percentile = _PERCENTILE.fullmatch(objective.aggregate)
    if objective.metric is None or percentile is None:
        return "nothing was measured"
    count = METRICS[objective.metric](measured).count
    if not count:
        return "nothing was measured"
    return f"insufficient samples: {count}, {samples_needed(float(percentile[1]))} needed"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
