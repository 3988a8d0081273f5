"""What a sample does not know, in words. Pure."""

from monitor.output.table import gpu_label
from monitor.sample import TOLD_FOR_THE_WHOLE, GpuReading, Sample

NAMES = {
    "gpu": "GPU",
    "triton": "Triton metrics",
    "counters": "rates yet",
    "host_cpu": "host CPU",
    "batch_sizes": "batch sizes",
    "gateway": "gateway metrics",
}
PROCESSES = "processes."


def reasons(sample: Sample) -> dict[str, str]:
    """Why, by what: "no GPU" or "GPU 0 incomplete"."""
    found = {f"no {_spoken(key)}": reason for key, reason in sample.missing.items()}
    for gpu in sample.gpus:
        if incomplete := _by_reason(gpu):
            found[f"{gpu_label(gpu)} incomplete"] = incomplete
    return found


def _spoken(key: str) -> str:
    if key.startswith(PROCESSES):
        return f"processes of {key.removeprefix(PROCESSES)}"
    return NAMES.get(key, key)


def _by_reason(gpu: GpuReading) -> str:
    metrics: dict[str, list[str]] = {}
    for metric, reason in gpu.missing.items():
        if reason != TOLD_FOR_THE_WHOLE:
            metrics.setdefault(reason, []).append(metric)
    return "; ".join(f"{reason} ({', '.join(names)})" for reason, names in metrics.items())
