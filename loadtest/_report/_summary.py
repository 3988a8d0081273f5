"""The run as JSON and CSV. A key that is unknown is null; nothing is left out."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from loadtest._report._data import RunReport
from loadtest._report._stage_document import measured_document, stage_document, stage_row, utc
from loadtest._report._timeseries import COLUMNS as TIMESERIES_COLUMNS
from loadtest._report._timeseries import timeseries_rows
from loadtest._report._words import headline

SCHEMA_VERSION = 2
STAGES_COLUMNS = (
    *("users", "kind", "started", "duration_s", "requests", "successful", "failed"),
    *("success_percent", "offered_per_s", "achieved_per_s"),
    *("response_p50_ms", "response_p95_ms", "response_p99_ms", "response_max_ms"),
    *("scheduled_p95_ms", "triton_avg_ms", "score_avg"),
    *("queue_ms", "infer_ms", "mean_batch", "pending_peak"),
    *("gpu_percent", "gpu_memory_ratio", "temperature_celsius", "power_w"),
    *("energy_j", "inferences", "inferences_per_joule"),
    *("gateway_cpu_percent", "triton_cpu_percent", "generator_cpu_percent"),
    *("inference_part_ms", "queue_part_ms", "preprocessing_part_ms", "network_and_gateway_part_ms"),
    *("steady", "law_holds", "objectives_met"),
    *("verdict", "rule", "judged_on", "cause", "cause_sentence"),
)


def summary_document(report: RunReport) -> dict[str, Any]:
    options = report.options
    return {
        "schema_version": SCHEMA_VERSION,
        "pass": report.passed,
        "outcome": report.outcome,
        "exit_code": report.exit_code,
        "headline": headline(report),
        "capacity": asdict(report.capacity) if report.capacity is not None else None,
        "grade": asdict(report.grade) if report.grade is not None else None,
        "recovery": asdict(report.recovery) if report.recovery is not None else None,
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
            "baseline_s": options.baseline_s,
            "recovery_s": options.recovery_s,
            "find_breaking_point": options.find_breaking_point,
            "burst": options.burst,
            "camera": "+".join(report.cameras),
            "open_loop": options.open_loop,
            "insecure": options.insecure,
            "objectives": [objective.text for objective in options.objectives],
            "profile": options.profile,
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
        "stages": [stage_document(stage) for stage in report.stages],
        "totals": {
            "sent_with_warmups": report.sent,
            "failed_with_warmups": report.sent_failed,
            **measured_document(report.totals),
        },
    }


def to_json(document: dict[str, Any]) -> str:
    # NaN and infinity are not JSON; better to fail here than in whoever reads it.
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def stages_csv(report: RunReport) -> str:
    """A row per stage; empty where nothing is known."""
    return _csv(STAGES_COLUMNS, [stage_row(stage) for stage in report.stages])


def timeseries_csv(report: RunReport) -> str:
    """A row per second of the run; empty where nothing is known."""
    return _csv(TIMESERIES_COLUMNS, timeseries_rows(report))


def _csv(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    # As JSON writes it, not as Python does.
    return json.dumps(value) if isinstance(value, bool) else value
