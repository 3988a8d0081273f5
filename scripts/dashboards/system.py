"""The first dashboard to look at: is it up, is it well, where does the time go."""

from scripts.dashboards import shared
from scripts.dashboards.panels import Dashboard, Panel, Query, Row

DASHBOARD = Dashboard(
    "system",
    "system",
    "Whether all of it is up and well, what callers notice, and how the GPUs are.",
    (
        Row(
            "Now",
            (
                shared.stat(
                    "Alerts",
                    "That fire.",
                    "short",
                    'count(ALERTS{alertstate="firing"}) or vector(0)',
                ),
                shared.stat("Gateways", "That answer.", "short", 'sum(up{job="gateway"})'),
                shared.stat("Tritons", "That answer.", "short", 'sum(up{job="triton"})'),
                shared.RATE_NOW,
                shared.SUCCESS_NOW,
                shared.P95_NOW,
            ),
        ),
        Row(
            "Gateway",
            (
                Panel(
                    "Requests",
                    "Answered, by route and status. Pages, probes and scrapes are left out.",
                    "reqps",
                    (Query("route_status:framegate_requests:rate1m", "{{route}} {{status}}"),),
                    stacked=True,
                ),
                shared.LATENCY,
                shared.SUCCESS,
                shared.STAGES,
                shared.IN_FLIGHT,
                shared.REFUSED,
                Panel(
                    "Problems",
                    "Answers that were a problem, by its code.",
                    "reqps",
                    (Query("code:framegate_problems:rate1m", "{{code}}"),),
                ),
                Panel(
                    "Pictures that came again",
                    "Share that was answered from the cache; nothing where it is off.",
                    "percentunit",
                    (Query("job:framegate_cache_hits:ratio1m", "from the cache"),),
                    maximum=1,
                ),
                Panel(
                    "Slowest routes",
                    "p95 of every route over a minute.",
                    "s",
                    (Query("route:framegate_request_duration_seconds:p95_1m", "{{route}}"),),
                ),
            ),
        ),
        Row("As the monitor sees it", (shared.VERDICT, shared.DIAGNOSIS)),
        Row(
            "GPUs",
            (
                shared.GPU_BUSY,
                shared.GPU_MEMORY,
                shared.GPU_HEAT,
                shared.GPU_POWER,
                Panel(
                    "Sources",
                    "1 where the monitor's source answered its last sample.",
                    "short",
                    (Query("framegate_monitor_up", "{{source}} {{instance}}"),),
                    maximum=1,
                ),
                Panel(
                    "Age of the monitor's sample",
                    "It says nothing of now once it is older than three intervals.",
                    "s",
                    (Query("framegate_monitor_sample_age_seconds", "{{instance}}"),),
                ),
            ),
        ),
    ),
)
