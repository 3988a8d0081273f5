"""Panels that stand on more than one dashboard."""

from scripts.dashboards.panels import HALF, SIXTH, Panel, Query

QUALITY = '{route="/v1/quality"}'

SUCCESS = Panel(
    "Success",
    "Of what the gateway was asked, and of what Triton was asked: what was not answered with a "
    "status from 500 on or 429, or did not fail there. A request that Triton's full queue turned "
    "away counts at the gateway alone.",
    "percentunit",
    (Query("source:framegate_success:ratio1m", "{{source}}"),),
    measure="success_percent",
    maximum=1,
)
LATENCY = Panel(
    "Time of a picture in the gateway",
    "Quantiles of /v1/quality over a minute, from the histogram of all workers.",
    "s",
    tuple(
        Query(f"route:framegate_request_duration_seconds:{name}_1m{QUALITY}", name)
        for name in ("p50", "p95", "p99")
    ),
    measure="e2e_ms",
)
STAGES = Panel(
    "Stages of a picture",
    "Mean time in each stage of the gateway's work, of those pictures that went through it.",
    "s",
    (Query("stage:framegate_stage_duration_seconds:mean1m", "{{stage}}"),),
    stacked=True,
)
IN_FLIGHT = Panel(
    "In flight",
    "Requests that the gateway is answering, without the scrape.",
    "short",
    (Query("instance:framegate_in_flight_requests:current", "{{instance}}"),),
)
REFUSED = Panel(
    "Refused",
    "For want of room, rate or time, by the code of the problem.",
    "reqps",
    (Query("reason:framegate_rejected_requests:rate1m", "{{reason}}"),),
)
QUEUE = Panel(
    "Queue",
    "Mean time that a successful request waited in Triton. What is rejected adds none, so look at "
    "success beside it.",
    "s",
    (Query("instance_model:nv_inference_queue_seconds:mean1m", "{{model}} {{instance}}"),),
    measure="queue_ms",
)
INFERENCE = Panel(
    "Inference",
    "Mean time of computing a request; each request of a batch is charged the batch's whole time. "
    "The limits are meant for a GPU and for the model that scores.",
    "s",
    (Query("instance_model:nv_inference_compute_infer_seconds:mean1m", "{{model}} {{instance}}"),),
    measure="infer_ms",
)
BATCH = Panel(
    "Batch",
    "Pictures per execution.",
    "short",
    (Query("instance_model:nv_inference_batch_size:mean1m", "{{model}} {{instance}}"),),
)
BUSY = Panel(
    "Instances busy",
    "Share of the time in which a model's instances computed, as the monitor derives it.",
    "percentunit",
    (Query("framegate_monitor_model_instances_busy_ratio", "{{model}} {{version}}"),),
    maximum=1,
)
VERDICT = Panel(
    "Verdict",
    "The level that the monitor sees: the line that is drawn.",
    "short",
    (Query("framegate_monitor_verdict == 1", "{{level}}"),),
    kind="state-timeline",
    width=HALF,
)
DIAGNOSIS = Panel(
    "What it waits for",
    "The monitor's diagnosis of the last eight seconds: the line that is drawn.",
    "short",
    (Query("framegate_monitor_diagnosis == 1", "{{code}}"),),
    kind="state-timeline",
    width=HALF,
)
GPU_BUSY = Panel(
    "GPU utilisation",
    "Share of time in which at least one kernel ran (NVML).",
    "percentunit",
    (Query("framegate_monitor_gpu_utilization_ratio", "GPU {{index}} {{instance}}"),),
    measure="gpu_percent",
    maximum=1,
)
GPU_MEMORY = Panel(
    "GPU memory",
    "In use, of what the card has (NVML). The limits are 10 and 11 GB of a 12-GB card.",
    "percentunit",
    (Query("gpu:framegate_monitor_gpu_memory:ratio", "GPU {{index}} {{instance}}"),),
    measure="gpu_memory_ratio",
    maximum=1,
)
GPU_HEAT = Panel(
    "GPU temperature",
    "Of the card (NVML).",
    "celsius",
    (Query("framegate_monitor_gpu_temperature_celsius", "GPU {{index}} {{instance}}"),),
    measure="temperature_celsius",
)
GPU_POWER = Panel(
    "GPU power",
    "Drawn, and the limit past which the card slows itself down (NVML).",
    "watt",
    (
        Query("framegate_monitor_gpu_power_watts", "GPU {{index}} {{instance}}"),
        Query("framegate_monitor_gpu_power_limit_watts", "limit of GPU {{index}} {{instance}}"),
    ),
)


def stat(title: str, description: str, unit: str, expr: str, measure: str | None = None) -> Panel:
    """One number of this moment."""
    return Panel(title, description, unit, (Query(expr, ""),), measure, "stat", SIXTH)


SUCCESS_NOW = stat(
    "Success",
    "The lower of the gateway's and Triton's.",
    "percentunit",
    "min(source:framegate_success:ratio1m)",
    "success_percent",
)
P95_NOW = stat(
    "p95",
    "Nineteen of twenty pictures took less time in the gateway.",
    "s",
    f"route:framegate_request_duration_seconds:p95_1m{QUALITY}",
    "e2e_ms",
)
RATE_NOW = stat(
    "Requests", "Answered by all gateways.", "reqps", "sum(job:framegate_requests:rate1m)"
)
IN_FLIGHT_NOW = stat(
    "In flight",
    "Requests being answered by all gateways.",
    "short",
    "sum(instance:framegate_in_flight_requests:current)",
)
