"""What a sample does not know, in words. Pure."""

from collections.abc import Mapping

from monitor.output.table import gpu_label
from monitor.sample import TOLD_FOR_THE_WHOLE, Sample

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
        told = {metric: why for metric, why in gpu.missing.items() if why != TOLD_FOR_THE_WHOLE}
        if told:
            found[f"{gpu_label(gpu)} incomplete"] = by_reason(told)
    return found


def _spoken(key: str) -> str:
    if key.startswith(PROCESSES):
        return f"processes of {key.removeprefix(PROCESSES)}"
    return NAMES.get(key, key)


def by_reason(missing: Mapping[str, str]) -> str:
    """Each reason once, with the metrics that lack for it."""
    metrics: dict[str, list[str]] = {}
    for metric, reason in missing.items():
        metrics.setdefault(reason, []).append(metric)
    return "; ".join(f"{reason} ({', '.join(names)})" for reason, names in metrics.items())
