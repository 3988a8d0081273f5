"""The run second by second: what the users saw, beside what the monitor saw."""

import math
from collections.abc import Sequence

from loadtest._analysis._machine import MachineReading
from loadtest._course._plan import StageWindow
from loadtest._report._data import RunReport
from loadtest._report._stage_document import utc

COLUMNS = (
    *("time", "elapsed_s", "users", "kind", "phase", "requests", "failures"),
    *("response_p50_ms", "response_p95_ms", "queue_ms", "infer_ms", "mean_batch", "pending"),
    *("gpu_percent", "gpu_memory_ratio", "temperature_celsius", "power_w"),
    *("gateway_cpu_percent", "triton_cpu_percent"),
)


def timeseries_rows(report: RunReport) -> list[dict[str, object]]:
    """One row for each second; of several readings in a second the last counts."""
    windows = [stage.result.window for stage in report.stages]
    readings = {
        math.floor(reading.at_s - report.started_s): reading
        for reading in report.recording.readings
    }
    rows: list[dict[str, object]] = []
    for moment in report.timeline:
        second = math.floor(moment.at_s - report.started_s)
        window = _under_way(windows, moment.at_s)
        rows.append(
            {
                "time": utc(report.started_s + second),
                "elapsed_s": second,
                "users": window and window.users,
                "kind": window and window.kind,
                "phase": window and ("dwell" if window.holds(moment.at_s) else "ramp"),
                "requests": round(moment.requests_per_s),
                "failures": round(moment.failures_per_s),
                "response_p50_ms": moment.response_ms,
                "response_p95_ms": moment.response_p95_ms,
                **_reading_cells(readings.get(second)),
            }
        )
    return rows


def _under_way(windows: Sequence[StageWindow], at_s: float) -> StageWindow | None:
    return next((w for w in windows if w.ramp_started_s <= at_s < w.dwell_ended_s), None)


def _reading_cells(reading: MachineReading | None) -> dict[str, object]:
    if reading is None:
        return {}
    return {
        "queue_ms": reading.queue_ms,
        "infer_ms": reading.infer_ms,
        "mean_batch": reading.mean_batch,
        "pending": reading.pending,
        "gpu_percent": reading.gpu_percent,
        "gpu_memory_ratio": reading.gpu_memory_ratio,
        "temperature_celsius": reading.temperature_celsius,
        "power_w": reading.power_w,
        "gateway_cpu_percent": reading.cpu_percents.get("gateway"),
        "triton_cpu_percent": reading.cpu_percents.get("triton"),
    }
