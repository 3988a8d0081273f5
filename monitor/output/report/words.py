"""What the page says in words."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from monitor.judgement.verdict import Level
from monitor.observation import DiagnosisCode
from monitor.output.report.timeline import Timeline, Waiting

DIAGNOSES: dict[DiagnosisCode, str] = {
    "gpu_bound": "GPU-bound",
    "instances_bound": "bound by instances",
    "preprocessing_bound": "bound by preprocessing",
    "gateway_bound": "bound by the gateway",
    "under_driven": "under-driven",
    "stalled": "stalled",
    "insufficient_evidence": "not enough evidence",
}
MISSING = {
    "gpu": "GPU",
    "triton": "Triton",
    "counters": "Triton's counters",
    "host_cpu": "CPU of the machine",
    "batch_sizes": "batch sizes",
    "samples": "samples",
}
PROCESSES = "processes."
WORST_FIRST: tuple[Level, ...] = ("overloaded", "degraded", "healthy")
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


def spoken(seconds: float) -> str:
    """In the two largest units that matter."""
    whole = round(seconds)
    if whole < MINUTE_S:
        return f"{seconds:.1f} s" if seconds < 9.95 and seconds % 1 else f"{whole} s"
    for unit_s, unit, smaller_s, smaller in (
        (DAY_S, "d", HOUR_S, "h"),
        (HOUR_S, "h", MINUTE_S, "min"),
        (MINUTE_S, "min", 1, "s"),
    ):
        if whole >= unit_s:
            rest = whole % unit_s // smaller_s
            return f"{whole // unit_s} {unit}" + (f" {rest} {smaller}" if rest else "")
    raise AssertionError("a minute or more has a unit")


def headline(timeline: Timeline) -> str:
    if not timeline.moments:
        return "Nothing was recorded"
    total = timeline.total
    requests = "Triton's requests unknown"
    if total.request_count is not None:
        requests = counted(total.request_count, "request")
        if total.failure_count:
            requests += f" and {counted(total.failure_count, 'failure')}"
    return f"{requests} in {spoken(timeline.duration_s)}: {judged(timeline)}"


def judged(timeline: Timeline) -> str:
    held_s = timeline.level_s()
    level = worst(timeline)
    if level == "unknown":
        return "nothing could be judged"
    if len(held_s) == 1:
        return f"{level} all the time"
    return f"{level} for {spoken(held_s[level])}"


def worst(timeline: Timeline) -> Level:
    held_s = timeline.level_s()
    return next((level for level in WORST_FIRST if level in held_s), "unknown")


def mostly(waitings: Sequence[Waiting]) -> str | None:
    """The diagnosis that held longest, where there was one at all."""
    first = next((one for one in waitings if one.code != "insufficient_evidence"), None)
    if first is None:
        return None
    return (
        f"Mostly {DIAGNOSES[first.code]} ({100 * first.share:.0f} % of the time): {first.sentence}"
    )


def machine(hardware: Mapping[str, Any]) -> str:
    return f"{hardware.get('machine') or '-'}, {hardware.get('cpu_count') or '-'} cores"


def gpus(hardware: Mapping[str, Any]) -> str:
    told = []
    for gpu in hardware.get("gpus") or ():
        total_bytes = gpu.get("memory_total_bytes")
        memory = number(total_bytes / 2**30 if total_bytes else None, 1)
        told.append(f"{gpu.get('index')}: {gpu.get('name') or '-'}, {memory} GiB")
    return "; ".join(told) or "none"


def missing_word(key: str) -> str:
    if key.startswith(PROCESSES):
        return f"processes of {key.removeprefix(PROCESSES)}"
    return MISSING.get(key, key)


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def clock(wall_s: float, *, with_date: bool) -> str:
    at = datetime.fromtimestamp(wall_s, UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}" if with_date else f"{at:%H:%M:%S}"


def number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"
