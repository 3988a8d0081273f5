"""The model zoo's memory, loads and evictions, and the clips."""

from scripts.dashboards.panels import Dashboard, Panel, Query, Row
from scripts.dashboards.shared import stat

INSTANCE = "{{instance}}"

DASHBOARD = Dashboard(
    "zoo",
    "model zoo",
    "Which models are loaded, who waits for one, what goes to make room; and clips.",
    (
        Row(
            "Now",
            (
                stat("Triton", "1 where it answers the zoo.", "short", "min(enrichment_triton_up)"),
                stat("Models loaded", "Resident now.", "short", "sum(enrichment_models_loaded)"),
                stat("In use", "Leases at this moment.", "short", "sum(enrichment_leases)"),
                stat("Waiting for room", "Loads.", "short", "sum(enrichment_pending_loads)"),
                stat(
                    "Budget",
                    "Of the memory for models, what is charged.",
                    "percentunit",
                    "max(instance:enrichment_vram:ratio)",
                ),
                stat(
                    "Restart advised",
                    "1 where only a new Triton frees the memory that did not come back.",
                    "short",
                    "max(enrichment_restart_advised)",
                ),
            ),
        ),
        Row(
            "Models",
            (
                Panel(
                    "Memory",
                    "Charged to the budget; the part that did not come back after an unload.",
                    "bytes",
                    (
                        Query("enrichment_vram_usage_bytes", f"charged {INSTANCE}"),
                        Query("enrichment_vram_quarantined_bytes", f"did not come back {INSTANCE}"),
                        Query("enrichment_vram_budget_bytes", f"budget {INSTANCE}"),
                    ),
                ),
                Panel(
                    "Found loaded",
                    "Share of the requests over five minutes whose model was resident.",
                    "percentunit",
                    (Query("instance:enrichment_model_leases_hit:ratio5m", INSTANCE),),
                    maximum=1,
                ),
                Panel(
                    "Requests for a model",
                    "Leases over five minutes.",
                    "reqps",
                    (Query("instance:enrichment_model_leases:rate5m", INSTANCE),),
                ),
                Panel(
                    "Evictions",
                    "Models that went to make room for others, over five minutes.",
                    "ops",
                    (Query("instance:enrichment_model_evictions:rate5m", INSTANCE),),
                ),
                Panel(
                    "Evictions of each model",
                    "Since the process began, by the importance that the catalogue gives it.",
                    "short",
                    (Query("enrichment_model_evictions_total", "{{model_name}} {{priority}}"),),
                ),
                Panel(
                    "Age of what goes",
                    "How long half of the evicted models had been loaded: seconds mean that "
                    "models push each other out.",
                    "s",
                    (Query("instance:enrichment_eviction_age_seconds:p50_5m", INSTANCE),),
                ),
                Panel(
                    "Time to load",
                    "Mean of each model since the process began.",
                    "s",
                    (
                        Query(
                            "instance_model_name:enrichment_model_load_time_seconds:mean",
                            "{{model_name}}",
                        ),
                    ),
                ),
                Panel(
                    "Wait for a load",
                    "p95 over five minutes, of callers whose model was not resident.",
                    "s",
                    (Query("instance:enrichment_load_wait_seconds:p95_5m", INSTANCE),),
                ),
                Panel(
                    "Slow loads",
                    "Of more than twice the measured time, since the process began.",
                    "short",
                    (Query("enrichment_slow_loads_total", "{{model_name}}"),),
                ),
            ),
        ),
        Row(
            "Clips",
            (
                Panel(
                    "Memory for frames",
                    "Kept, reserved for what is being decoded, and the budget.",
                    "bytes",
                    (
                        Query("enrichment_frame_cache_bytes", f"kept {INSTANCE}"),
                        Query("enrichment_frame_cache_reserved_bytes", f"reserved {INSTANCE}"),
                        Query("enrichment_frame_cache_budget_bytes", f"budget {INSTANCE}"),
                    ),
                ),
                Panel(
                    "Clips",
                    "That are kept, and of those that somebody uses.",
                    "short",
                    (
                        Query("enrichment_clips", f"kept {INSTANCE}"),
                        Query("enrichment_clips_in_use", f"in use {INSTANCE}"),
                    ),
                ),
                Panel(
                    "Clips that went",
                    "Since the process began: for others, or because nobody used them.",
                    "short",
                    (
                        Query("enrichment_clips_evicted_total", f"for others {INSTANCE}"),
                        Query("enrichment_clips_expired_total", f"unused {INSTANCE}"),
                    ),
                ),
                Panel(
                    "Jobs that are not over",
                    "That wait or are worked on.",
                    "short",
                    (Query("enrichment_clip_jobs_unfinished", INSTANCE),),
                ),
                Panel(
                    "Jobs that ended",
                    "By kind and outcome, over five minutes.",
                    "ops",
                    (Query("kind_state:enrichment_clip_jobs:rate5m", "{{kind}} {{state}}"),),
                ),
                Panel(
                    "Memory of the process",
                    "Resident in the host's memory: frames are most of it.",
                    "bytes",
                    (Query('process_resident_memory_bytes{job="enrichment"}', INSTANCE),),
                ),
            ),
        ),
    ),
)
