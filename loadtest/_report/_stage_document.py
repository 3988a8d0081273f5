"""One stage as JSON and as a row of stages.csv."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from loadtest._analysis._findings import Breakdown
from loadtest._analysis._machine import MachineInStage
from loadtest._analysis._stages import Measured
from loadtest._analysis._verdicts import all_met
from loadtest._report._data import StageReport

# Filled from the machine's document, where the names are the same.
_MACHINE_COLUMNS = (
    "queue_ms",
    "infer_ms",
    "mean_batch",
    "pending_peak",
    "gpu_percent",
    "gpu_memory_ratio",
    "temperature_celsius",
    "power_w",
    "energy_j",
    "inferences",
    "inferences_per_joule",
)


def utc(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")


def stage_document(stage: StageReport) -> dict[str, Any]:
    result = stage.result
    return {
        "users": result.window.users,
        "kind": result.window.kind,
        "started": utc(result.window.dwell_started_s),
        "ended": utc(result.window.dwell_ended_s),
        "completed": result.window.completed,
        "verdict": asdict(stage.verdict),
        "passed": stage.passed,
        "objectives": [asdict(objective) for objective in stage.objectives],
        "cause": asdict(stage.cause) if stage.cause is not None else None,
        "breakdown": breakdown_document(stage.breakdown),
        "steadiness": asdict(stage.steadiness) if stage.steadiness is not None else None,
        "law": asdict(stage.law) if stage.law is not None else None,
        "offered_per_s": result.offered_per_s,
        "generator_cpu_percent": result.generator_cpu_percent,
        **measured_document(result.measured),
        "machine": machine_document(stage.machine),
    }


def measured_document(measured: Measured) -> dict[str, Any]:
    return {
        "requests": measured.requests,
        "successful": measured.successful,
        "failed": measured.failed,
        "success_percent": measured.success_percent,
        "failures": measured.failures,
        "duration_s": measured.duration_s,
        "achieved_per_s": measured.achieved_per_s,
        "metrics": {
            "response": asdict(measured.response_ms),
            "scheduled": asdict(measured.scheduled_ms),
            "decode": asdict(measured.decode_ms),
            "preprocess": asdict(measured.preprocess_ms),
            "triton": asdict(measured.triton_ms),
            "gateway": asdict(measured.gateway_ms),
            "score": asdict(measured.score),
        },
    }


def breakdown_document(breakdown: Breakdown | None) -> dict[str, Any] | None:
    if breakdown is None:
        return None
    percents: dict[str, float | None] = {**breakdown.percents}
    if breakdown.queue_ms is None:
        percents["queue"] = None
    return {**asdict(breakdown), "percents": percents}


def machine_document(machine: MachineInStage) -> dict[str, Any]:
    """What the monitor saw; null where it saw nothing."""
    sizes = machine.batch_sizes
    # Without a GPU nobody was asked what slows it.
    reasons_known = machine.throttled_by or machine.gpu_percent is not None
    return {
        "queue_ms": machine.queue_ms,
        "infer_ms": machine.infer_ms,
        "mean_batch": machine.mean_batch,
        "batch_sizes": None if sizes is None else {str(n): sizes[n] for n in sorted(sizes)},
        "pending_peak": machine.pending_peak,
        "cpu_percents": dict(machine.cpu_percents) or None,
        "host_cpu_cores": machine.host_cpu_cores,
        "host_cpu_percent": machine.host_cpu_percent,
        "process_counts": dict(machine.process_counts) or None,
        "gpu_percent": machine.gpu_percent,
        "gpu_memory_ratio": machine.gpu_memory_ratio,
        "temperature_celsius": machine.temperature_celsius,
        "power_w": machine.power_w,
        "throttled_by": list(machine.throttled_by) if reasons_known else None,
        "energy_j": machine.energy_j,
        "inferences": machine.inferences,
        "inferences_per_joule": inferences_per_joule(machine),
    }


def inferences_per_joule(machine: MachineInStage) -> float | None:
    """Of all the energy the GPUs took in the stage, what they take when idle included."""
    if machine.inferences is None or not machine.energy_j:
        return None
    return machine.inferences / machine.energy_j


def stage_row(stage: StageReport) -> dict[str, object]:
    """A row of stages.csv; its keys, in their order, are the columns."""
    result, measured, machine = stage.result, stage.result.measured, stage.machine
    breakdown, cause = stage.breakdown, stage.cause
    document = machine_document(machine)
    return {
        "users": result.window.users,
        "kind": result.window.kind,
        "started": utc(result.window.dwell_started_s),
        "duration_s": round(measured.duration_s, 3),
        "requests": measured.requests,
        "successful": measured.successful,
        "failed": measured.failed,
        "success_percent": measured.success_percent,
        "offered_per_s": result.offered_per_s,
        "achieved_per_s": measured.achieved_per_s,
        "response_p50_ms": measured.response_ms.p50,
        "response_p95_ms": measured.response_ms.p95,
        "response_p99_ms": measured.response_ms.p99,
        "response_max_ms": measured.response_ms.max,
        "scheduled_p95_ms": measured.scheduled_ms.p95,
        "triton_avg_ms": measured.triton_ms.avg,
        "score_avg": measured.score.avg,
        **{name: document[name] for name in _MACHINE_COLUMNS},
        "gateway_cpu_percent": machine.cpu_percents.get("gateway"),
        "triton_cpu_percent": machine.cpu_percents.get("triton"),
        "generator_cpu_percent": result.generator_cpu_percent,
        "inference_part_ms": breakdown and breakdown.inference_ms,
        "queue_part_ms": breakdown and breakdown.queue_ms,
        "preprocessing_part_ms": breakdown and breakdown.preprocessing_ms,
        "network_and_gateway_part_ms": breakdown and breakdown.network_and_gateway_ms,
        "steady": stage.steadiness and stage.steadiness.steady,
        "law_holds": stage.law and stage.law.holds,
        "objectives_met": all_met(stage.objectives),
        "verdict": stage.verdict.level,
        "rule": stage.verdict.rule,
        "judged_on": stage.verdict.judged_on,
        "cause": cause and cause.code,
        "cause_sentence": cause and cause.sentence,
    }
