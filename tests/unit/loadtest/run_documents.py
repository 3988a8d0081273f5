"""Documents as runs leave them, of times that were drawn."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from loadtest._analysis._metrics import summarise

Document = dict[str, Any]


def stage(
    users: int = 100,
    *,
    kind: str = "stage",
    times_ms: Sequence[float] = (),
    failed: int = 0,
    **changes: object,
) -> Document:
    times_ms = times_ms or latencies(300)
    requests, duration_s = len(times_ms) + failed, 2.0 * (len(times_ms) + failed) / users
    made: Document = {
        "kind": kind,
        "users": users,
        "completed": True,
        "verdict": {"level": "healthy", "rule": "within every limit", "judged_on": "p95"},
        "offered_per_s": users / 2,
        "requests": requests,
        "successful": len(times_ms),
        "duration_s": duration_s,
        "metrics": {
            "response": asdict(summarise(times_ms, "ms")),
            "triton": asdict(summarise([time_ms / 2 for time_ms in times_ms], "ms")),
            "score": asdict(summarise([0.5] * len(times_ms), "ratio")),
        },
        "machine": {"infer_ms": 2.5, "gpu_percent": None},
    }
    return made | changes


def run(*stages: Document, version: int = 2, **changes: object) -> Document:
    made: Document = {
        "schema_version": version,
        "started": "2026-11-20T21:47:36.070+00:00",
        "configuration": {"host": "http://a", "stages": [100], "think_time_s": 2.0},
        "payloads": {"count": 64, "total_bytes": 2, "sha256": "ab" * 32},
        "models": ["capture_quality/1/measures-v1"],
        "hardware": {"cpu_model": "CPU", "cpu_cores": 2, "memory_bytes": 1, "gpus": []},
        "stages": list(stages),
        "capacity": None,
    }
    return made | changes


def as_version_1(document: Mapping[str, Any]) -> Document:
    """The document as the version before wrote it: without intervals, kinds and capacity."""
    made: Document = json.loads(json.dumps(document)) | {"schema_version": 1}
    del made["capacity"]
    for made_stage in made["stages"]:
        del made_stage["kind"]
        for metric in made_stage["metrics"].values():
            del metric["p50_interval"], metric["p95_interval"]
    return made


def latencies(count: int, *, times: float = 1.0, seed: int = 0) -> list[float]:
    draw = random.Random(seed)
    return [100 * times * draw.lognormvariate(0, 0.3) for _ in range(count)]
