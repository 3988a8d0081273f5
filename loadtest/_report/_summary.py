"""The run as JSON and CSV. A key that is unknown is null; nothing is left out."""

import csv
import io
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from loadtest._analysis._stages import Measured
from loadtest._report._data import RunReport, StageReport
from loadtest._report._words import headline

SCHEMA_VERSION = 1
CSV_COLUMNS = (
    "users",
    "started",
    "duration_s",
    "requests",
    "successful",
    "failed",
    "success_percent",
    "offered_per_s",
    "achieved_per_s",
    "response_p50_ms",
    "response_p95_ms",
    "response_p99_ms",
    "response_max_ms",
    "scheduled_p95_ms",
    "triton_avg_ms",
    "score_avg",
    "queue_ms",
    "infer_ms",
    "mean_batch",
    "gpu_percent",
    "gpu_memory_ratio",
    "temperature_celsius",
    "power_w",
    "generator_cpu_percent",
    "verdict",
    "rule",
    "judged_on",
)


def summary_document(report: RunReport) -> dict[str, Any]:
    options = report.options
    return {
        "schema_version": SCHEMA_VERSION,
        "pass": report.passed,
        "outcome": report.outcome,
        "exit_code": report.exit_code,
        "headline": headline(report),
        "started": utc(report.started_s),
        "finished": utc(report.finished_s),
        "configuration": {
            "host": report.host,
            "stages": list(options.stages),
            "stage_duration_s": options.stage_duration_s,
            "warmup_s": options.warmup_s,
            "think_time_s": options.think_time_s,
            "min_samples": options.min_samples,
            "processes": report.processes,
            "monitor": options.monitor,
        },
        "seeds": {"payloads": options.seed, "phases": options.seed},
        "payloads": asdict(report.payloads),
        "models": list(report.models),
        "versions": report.versions,
        "hardware": {
            **asdict(report.hardware),
            "gpus": None if report.recording.gpus is None else list(report.recording.gpus),
        },
        "recording": {
            "samples": len(report.recording.readings),
            "reason": report.recording.reason,
        },
        "stages": [_stage_document(stage) for stage in report.stages],
        "totals": {
            "sent_with_warmups": report.sent,
            "failed_with_warmups": report.sent_failed,
            **_measured_document(report.totals),
        },
    }


def to_json(document: dict[str, Any]) -> str:
    # NaN and infinity are not JSON; better to fail here than in whoever reads it.
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def utc(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")


def _stage_document(stage: StageReport) -> dict[str, Any]:
    result = stage.result
    return {
        "users": result.window.users,
        "started": utc(result.window.dwell_started_s),
        "ended": utc(result.window.dwell_ended_s),
        "completed": result.window.completed,
        "verdict": asdict(stage.verdict),
        "offered_per_s": result.offered_per_s,
        "generator_cpu_percent": result.generator_cpu_percent,
        **_measured_document(result.measured),
        "machine": asdict(stage.machine),
    }


def _measured_document(measured: Measured) -> dict[str, Any]:
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


def stages_csv(report: RunReport) -> str:
    out = io.StringIO()
    rows = [_csv_row(stage) for stage in report.stages]
    writer = csv.DictWriter(out, fieldnames=CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _csv_row(stage: StageReport) -> dict[str, object]:
    result, measured = stage.result, stage.result.measured
    return {
        "users": result.window.users,
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
        **_columns(asdict(stage.machine)),
        "generator_cpu_percent": result.generator_cpu_percent,
        "verdict": stage.verdict.level,
        "rule": stage.verdict.rule,
        "judged_on": stage.verdict.judged_on,
    }


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in CSV_COLUMNS}
