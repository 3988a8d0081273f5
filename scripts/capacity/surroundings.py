"""What else grows with the cameras, beside the hosts that are counted."""

from dataclasses import dataclass

from scripts.capacity.law import Law
from scripts.capacity.plan import Plan, Wish, whole

# A rate limit in Redis is one script per frame; a picture that is not remembered costs a look
# and a write beside it.
REDIS_RATE_COMMANDS, REDIS_CACHE_COMMANDS = 1, 2
# The load tester calls a process saturated from here on.
GENERATOR_LIMIT_RATIO = 0.9


@dataclass(frozen=True)
class Surroundings:
    """
    Attributes:
        connections: each camera keeps one open.
        per_gateway_host: of these, where they are spread evenly.
        series: that Prometheus would keep of all gateway hosts.
        generator_processes: to bring about this load; None: not measured.
    """

    connections: int
    per_gateway_host: int
    bytes_in_per_s: float
    bytes_to_triton_per_s: float | None
    redis_rate_commands_per_s: float
    redis_cache_commands_per_s: float
    series: int
    generator_processes: int | None


def surroundings(wish: Wish, made: Plan, demands: Law, series_per_gateway: int) -> Surroundings:
    """
    Args:
        series_per_gateway: that one gateway host exposes, however many workers it has.
    """
    frames_per_s = wish.frames_per_s
    gateway, crossing = made.tiers[0], wish.tensor_bytes if wish.layout == "split" else 0.0
    generator_s = demands.generator_cpu_s
    return Surroundings(
        connections=wish.cameras,
        per_gateway_host=whole(wish.cameras / gateway.hosts),
        bytes_in_per_s=frames_per_s * wish.frame_bytes,
        bytes_to_triton_per_s=None if crossing is None else frames_per_s * crossing,
        redis_rate_commands_per_s=frames_per_s * REDIS_RATE_COMMANDS,
        redis_cache_commands_per_s=frames_per_s * REDIS_CACHE_COMMANDS,
        series=gateway.all_hosts * series_per_gateway,
        generator_processes=None
        if generator_s is None
        else max(1, whole(frames_per_s * generator_s / GENERATOR_LIMIT_RATIO)),
    )
