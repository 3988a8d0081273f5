"""Inside Triton, model by model."""

from scripts.dashboards import shared
from scripts.dashboards.panels import Dashboard, Panel, Query, Row

BY_MODEL = "{{model}} {{instance}}"


def _mean(step: str) -> str:
    return f"instance_model:nv_inference_{step}_seconds:mean1m"


DASHBOARD = Dashboard(
    "triton",
    "Triton",
    "Where a request spends its time in Triton, model by model. Models are never added up: the "
    "time of an ensemble contains that of its steps.",
    (
        Row(
            "Requests",
            (
                Panel(
                    "Requests",
                    "That succeeded.",
                    "reqps",
                    (Query("instance_model:nv_inference_request_success:rate1m", BY_MODEL),),
                ),
                Panel(
                    "Failures",
                    "By reason. What a full queue turned away is in no counter of Triton's.",
                    "reqps",
                    (
                        Query(
                            "instance_model_reason:nv_inference_request_failure:rate1m",
                            "{{model}} {{reason}}",
                        ),
                    ),
                ),
                Panel(
                    "Waiting",
                    "Requests that wait for an instance at the moment of the scrape. Counters "
                    "move on completion alone, so in a stall this is all there is to see.",
                    "short",
                    (Query("instance_model:nv_inference_pending_requests:current", BY_MODEL),),
                ),
                Panel(
                    "Inside",
                    "Mean number of requests inside Triton, by Little's law.",
                    "short",
                    (Query("instance_model:nv_inference_in_flight:mean1m", BY_MODEL),),
                ),
                Panel(
                    "Inferences",
                    "Pictures computed; a request may carry several.",
                    "ops",
                    (Query("instance_model:nv_inference_count:rate1m", BY_MODEL),),
                ),
                shared.BATCH,
            ),
        ),
        Row(
            "Time of a request",
            (
                shared.QUEUE,
                shared.INFERENCE,
                Panel(
                    "All of it",
                    "Mean time from arrival to answer.",
                    "s",
                    (Query(_mean("request"), BY_MODEL),),
                ),
                Panel(
                    "Input",
                    "Mean time of preparing a request's input.",
                    "s",
                    (Query(_mean("compute_input"), BY_MODEL),),
                ),
                Panel(
                    "Output",
                    "Mean time of fetching a request's output.",
                    "s",
                    (Query(_mean("compute_output"), BY_MODEL),),
                ),
                shared.BUSY,
            ),
        ),
        Row(
            "Its host",
            (
                Panel(
                    "Processors",
                    "Share of all cores that is busy, as Triton reads it.",
                    "percentunit",
                    (Query("nv_cpu_utilization", "{{instance}}"),),
                    maximum=1,
                ),
                Panel(
                    "Memory",
                    "Of the host, in use.",
                    "percentunit",
                    (
                        Query(
                            "nv_cpu_memory_used_bytes / nv_cpu_memory_total_bytes", "{{instance}}"
                        ),
                    ),
                    maximum=1,
                ),
                Panel(
                    "Pinned memory",
                    "Of Triton's pool, for copies to a GPU.",
                    "bytes",
                    (
                        Query("nv_pinned_memory_pool_used_bytes", "used at {{instance}}"),
                        Query("nv_pinned_memory_pool_total_bytes", "pool at {{instance}}"),
                    ),
                ),
            ),
        ),
    ),
)
