"""Beside a load test: what goes in, how it is answered, and what gives way first."""

from scripts.dashboards import shared
from scripts.dashboards.panels import Dashboard, Panel, Query, Row

DASHBOARD = Dashboard(
    "load-test",
    "load test",
    "The server's side of a load test. What the callers measured is in the report of the run.",
    (
        Row(
            "Now",
            (
                shared.RATE_NOW,
                shared.IN_FLIGHT_NOW,
                shared.SUCCESS_NOW,
                shared.P95_NOW,
                shared.stat(
                    "Queue",
                    "The longest mean wait of any model in Triton.",
                    "s",
                    "max(instance_model:nv_inference_queue_seconds:mean1m)",
                    "queue_ms",
                ),
                shared.stat(
                    "Batch",
                    "The largest mean batch of any model.",
                    "short",
                    "max(instance_model:nv_inference_batch_size:mean1m)",
                ),
            ),
        ),
        Row(
            "Load and answers",
            (
                Panel(
                    "Pictures",
                    "Answered by /v1/quality, by status.",
                    "reqps",
                    (
                        Query(
                            f"route_status:framegate_requests:rate1m{shared.QUALITY}", "{{status}}"
                        ),
                    ),
                    stacked=True,
                ),
                shared.LATENCY,
                shared.SUCCESS,
                shared.IN_FLIGHT,
                shared.REFUSED,
                shared.STAGES,
            ),
        ),
        Row("What gives way", (shared.VERDICT, shared.DIAGNOSIS)),
        Row(
            "Triton",
            (
                shared.QUEUE,
                shared.INFERENCE,
                shared.BATCH,
                shared.BUSY,
                Panel(
                    "Inside Triton",
                    "Requests inside Triton on average, of those in flight: the rest of the time "
                    "is spent outside of it.",
                    "short",
                    (
                        Query(
                            "sum(instance_model:nv_inference_in_flight:mean1m "
                            'and on (model) framegate_model_info{job="gateway"})',
                            "in Triton, of the models that score",
                        ),
                        Query(
                            "sum(instance:framegate_in_flight_requests:current)", "in the gateway"
                        ),
                    ),
                ),
                Panel(
                    "Processors of Triton's host",
                    "Share of all cores that is busy.",
                    "percentunit",
                    (Query("nv_cpu_utilization", "{{instance}}"),),
                    maximum=1,
                ),
            ),
        ),
        Row(
            "GPUs",
            (
                shared.GPU_BUSY,
                shared.GPU_POWER,
                Panel(
                    "Energy of a picture",
                    "Of all GPUs, per inference.",
                    "joule",
                    (Query("framegate_monitor_joules_per_inference", "{{instance}}"),),
                ),
            ),
        ),
    ),
)
