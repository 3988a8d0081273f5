"""Metrics text as Triton writes it."""

import json
from collections.abc import Mapping


def triton_text(
    counters: Mapping[str, int],
    *,
    model: str = "capture_quality",
    failures: Mapping[str, int] | None = None,
    pending: int | None = 0,
    extra_labels: str = "",
) -> str:
    """`counters`: names without `nv_`, such as inference_count."""
    labels = f'{extra_labels}model="{model}",version="1"'
    lines = []
    for name, value in counters.items():
        lines += [f"# HELP nv_{name} Words", f"# TYPE nv_{name} counter"]
        lines.append(f"nv_{name}{{{labels}}} {value}")
    if failures is not None:
        lines += ["# TYPE nv_inference_request_failure counter"]
        lines += [
            f'nv_inference_request_failure{{{labels},reason="{reason}"}} {count}'
            for reason, count in failures.items()
        ]
    if pending is not None:
        lines += ["# TYPE nv_inference_pending_request_count gauge"]
        lines.append(f"nv_inference_pending_request_count{{{labels}}} {pending}")
    return "\n".join(lines) + "\n"


def statistics_text(executions: Mapping[int, int], *, model: str = "capture_quality") -> str:
    """Statistics as Triton writes them; `executions` by batch size."""
    batches = [
        {
            "batch_size": size,
            "compute_input": {"count": count, "ns": 0},
            "compute_infer": {"count": count, "ns": 1_000_000 * count},
            "compute_output": {"count": count, "ns": 0},
        }
        for size, count in executions.items()
    ]
    document = {"model_stats": [{"name": model, "version": "1", "batch_stats": batches}]}
    return json.dumps(document)
