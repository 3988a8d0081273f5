"""What else grows with the cameras, beside the hosts that are counted."""

from dataclasses import dataclass

from scripts.capacity.law import Law
from scripts.capacity.plan import Plan, Wish, whole

# A rate limit in Redis is one script per frame; a picture that is not remembered costs a look and
# a write. Their processor time in Redis 7.0, one client, on the machine of the recorded runs.
REDIS_RATE_COMMANDS, REDIS_RATE_CPU_S = 1, 50e-6
REDIS_CACHE_COMMANDS, REDIS_CACHE_CPU_S = 2, 66e-6
# FRAMEGATE_TRITON_CONNECTIONS as it comes: of each worker, to each Triton that it knows.
TRITON_CONNECTIONS = 2
# The load tester calls a process saturated from here on.
GENERATOR_LIMIT_RATIO = 0.9


@dataclass(frozen=True)
class Redis:
    """
    Attributes:
        thread_ratio: of the one thread in which a Redis runs all commands.
    """

    commands_per_s: float
    thread_ratio: float


@dataclass(frozen=True)
class Surroundings:
    """
    Attributes:
        connections: that cameras keep open; one that pauses for longer opens a new one.
        per_gateway_host: of these, where they are spread evenly.
        triton_connections: between gateway workers and Tritons, for each model that is asked.
        redis_rate: for a rate limit that all gateways share.
        redis_cache: for a cache that they share, which never hits.
        series: that Prometheus would keep of all gateway hosts.
        generator_processes: to bring about this load; None: not measured.
    """

    connections: int
    per_gateway_host: int
    bytes_in_per_s: float
    bytes_to_triton_per_s: float | None
    triton_connections: int
    redis_rate: Redis
    redis_cache: Redis
    series: int
    generator_processes: int | None


def surroundings(wish: Wish, made: Plan, demands: Law, series_per_gateway: int) -> Surroundings:
    """
    Args:
        series_per_gateway: that one gateway host exposes, however many workers it has.
    """
    frames_per_s = wish.frames_per_s
    gateway, crossing = made.tiers[0], wish.tensor_bytes if wish.layout == "split" else 0.0
    connections, generator_s = frames_per_s * wish.connection_s, demands.generator_cpu_s
    return Surroundings(
        connections=whole(connections),
        per_gateway_host=whole(connections / gateway.hosts),
        bytes_in_per_s=frames_per_s * wish.frame_bytes,
        bytes_to_triton_per_s=None if crossing is None else frames_per_s * crossing,
        triton_connections=_triton_connections(wish, made),
        redis_rate=Redis(frames_per_s * REDIS_RATE_COMMANDS, frames_per_s * REDIS_RATE_CPU_S),
        redis_cache=Redis(frames_per_s * REDIS_CACHE_COMMANDS, frames_per_s * REDIS_CACHE_CPU_S),
        series=gateway.all_hosts * series_per_gateway,
        generator_processes=None
        if generator_s is None
        else max(1, whole(frames_per_s * generator_s / GENERATOR_LIMIT_RATIO)),
    )


def _triton_connections(wish: Wish, made: Plan) -> int:
    """Every worker to every Triton; on common hosts to its own host's alone."""
    hosts = made.tiers[0].all_hosts if wish.layout == "together" else 1
    return made.gateway_workers * made.triton_servers * TRITON_CONNECTIONS // hosts
